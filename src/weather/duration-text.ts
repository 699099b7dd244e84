const units = [
  { name: 'd', seconds: 86_400 },
  { name: 'h', seconds: 3_600 },
  { name: 'min', seconds: 60 },
  { name: 's', seconds: 1 },
] as const;

/** For people, in its two largest units: `2 d 3 h`, `4 min`, `12 s`. */
export const durationText = (seconds: number): string => {
  const wholeSeconds = Math.max(0, Math.round(seconds));
  const largest = units.findIndex((unit) => wholeSeconds >= unit.seconds);
  const [first, second] = units.slice(Math.max(0, largest === -1 ? units.length - 1 : largest));
  if (first === undefined) return '0 s';
  const rest = second === undefined ? 0 : Math.floor((wholeSeconds % first.seconds) / second.seconds);
  const head = `${Math.floor(wholeSeconds / first.seconds)} ${first.name}`;
  return rest === 0 || second === undefined ? head : `${head} ${rest} ${second.name}`;
};
