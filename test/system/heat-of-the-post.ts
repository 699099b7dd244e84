/**
 * A scenario in which the air passes 40 °C for three intervals, as in the post's mail. A reading falls once into each of
 * them, wherever it starts. The day begins hot, since quality control fails a jump of more than 10 °C within a minute.
 */
export const heatOfThePost = ({
  fromSeconds,
  intervalSeconds,
}: {
  readonly fromSeconds: number;
  readonly intervalSeconds: number;
}) => ({
  name: 'the heat of the post',
  events: [
    { kind: 'weather', temperatureC: 38 },
    ...[43.3, 45.7, 44.5].map((temperatureC, index) => ({
      ...{ kind: 'weather', temperatureC },
      ...{ fromSeconds: fromSeconds + index * intervalSeconds, forSeconds: intervalSeconds },
    })),
  ],
});
