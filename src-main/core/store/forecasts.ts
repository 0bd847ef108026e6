import * as v from "valibot";
import { forecast, measurement, type Forecast, type Measurement } from "#shared/contract/forecast.ts";
import type { Db } from "./database.ts";
import { keyOf } from "./ids.ts";
import { json, query } from "./query.ts";

/** Measured steps, and what runs were expected to take. */
export class ForecastTable {
  readonly #db: Db;
  readonly #measurement;
  readonly #forecast;

  constructor(db: Db) {
    this.#db = db;
    this.#measurement = query(
      db,
      "SELECT value FROM measurements WHERE key = ?",
      v.object({ value: json(measurement) }),
    );
    this.#forecast = query(db, "SELECT value FROM run_forecasts WHERE run = ?", v.object({ value: json(forecast) }));
  }

  measurement(key: string): Measurement | undefined {
    return this.#measurement.get(key)?.value;
  }

  putMeasurement(key: string, value: Measurement, createdAt: number): void {
    this.#db
      .prepare("INSERT OR REPLACE INTO measurements (key, value, created_at) VALUES (?, ?, ?)")
      .run(key, JSON.stringify(value), createdAt);
  }

  ofRun(runId: string): Forecast | undefined {
    return this.#forecast.get(keyOf("r", runId))?.value;
  }

  putOfRun(runId: string, value: Forecast): void {
    this.#db
      .prepare("INSERT OR REPLACE INTO run_forecasts (run, value) VALUES (?, ?)")
      .run(keyOf("r", runId), JSON.stringify(value));
  }
}
