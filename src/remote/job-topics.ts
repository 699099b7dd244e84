/** AWS IoT Jobs over MQTT, as the developer guide has it ("Jobs device MQTT and HTTPS APIs"). */
export type JobTopics = {
  readonly startNext: string;
  readonly update: (jobId: string) => string;
  readonly notifyNext: string;
  /** What a station subscribes to. The policy in cloud/stack/devices.ts allows these and no others. */
  readonly filters: readonly string[];
};

export const jobTopicsOf = (thing: string): JobTopics => {
  const jobs = `$aws/things/${thing}/jobs`;
  return {
    startNext: `${jobs}/start-next`,
    update: (jobId) => `${jobs}/${jobId}/update`,
    notifyNext: `${jobs}/notify-next`,
    filters: [`${jobs}/notify-next`, `${jobs}/start-next/+`, `${jobs}/+/update/+`],
  };
};
