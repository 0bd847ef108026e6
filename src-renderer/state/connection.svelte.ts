import { onConnectionStatus, reconnectNow } from "../client.ts";

export type ConnectionState = "connecting" | "open" | "lost";

/** Whether core can be reached, as the frame shows it. */
class Connection {
  #state = $state<ConnectionState>("connecting");
  /** Counts connections; what streams or caches reads it to start over. */
  #generation = $state(0);

  constructor() {
    onConnectionStatus((status) => {
      if (status === "open") {
        this.#state = "open";
        this.#generation += 1;
      } else if (this.#generation > 0) {
        this.#state = "lost";
      }
    });
  }

  get state(): ConnectionState {
    return this.#state;
  }
  get generation(): number {
    return this.#generation;
  }

  retryNow(): void {
    reconnectNow();
  }
}

export const connection = new Connection();
