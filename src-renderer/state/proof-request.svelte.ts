/** A proof that is to run because something it depends on was saved; the bar of the proof takes the request. */
class ProofRequest {
  #asked = $state(false);

  ask(): void {
    this.#asked = true;
  }

  /** Whether a proof was asked for since the last time; read reactively. */
  get pending(): boolean {
    return this.#asked;
  }

  take(): void {
    this.#asked = false;
  }
}

export const proofRequest = new ProofRequest();
