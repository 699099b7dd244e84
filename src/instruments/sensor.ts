/** Why a sensor gave no value; becomes the reason beside a `null` and the sensor's last fault. */
export type SensorFault = {
  /** `missing`: no answer · `wrong-chip` · `not-ready` · `implausible`: bytes no working sensor sends · `bus`. */
  readonly code: 'missing' | 'wrong-chip' | 'not-ready' | 'implausible' | 'bus';
  readonly message: string;
};

/** Rejection of a sensor's `read`. Expected trouble: the sampler counts it, logs the change and tries again. */
export class SensorError extends Error {
  readonly code: SensorFault['code'];

  constructor(code: SensorFault['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SensorError';
    this.code = code;
  }
}
