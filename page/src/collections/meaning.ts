/** What a similarity means: how often a stranger is that much like someone who is enrolled. */

/** Similarity, and the share of strangers who are named from there on (docs/accuracy.md). */
const POINTS: readonly (readonly [number, number])[] = [
  [43, 0.5],
  [60, 0.1],
  [80, 0.01],
  [85, 0.001],
  [90, 0.0001],
  [95, 0.00001],
  [100, 1e-17],
];

/** Return the share of strangers who get a name; between the points the power of ten is linear. */
export function strangersNamed(similarity: number): number {
  const behind = POINTS.findIndex(([at]) => at >= similarity);
  const [from, to] = [POINTS[behind - 1], POINTS[behind]];
  if (!to) return 0;
  if (!from) return similarity === to[0] ? to[1] : 1;
  const way = (similarity - from[0]) / (to[0] - from[0]);
  return 10 ** (Math.log10(from[1]) + way * (Math.log10(to[1]) - Math.log10(from[1])));
}

/** Return of how many strangers one gets a name, as people say it: two digits at most. */
export function oneIn(share: number): number {
  const count = 1 / share;
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(count)) - 1);
  return Math.round(count / unit) * unit;
}
