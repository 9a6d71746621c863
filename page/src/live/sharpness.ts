/** Whether a frame is worth sending, by its light and by its edges. */

export type Flaw = "dark" | "blurry" | "empty";

const DARK_BELOW = 35;
const EMPTY_BELOW = 4;
/** Variance of the Laplacian, on frames of `JUDGED_WIDTH` pixels. */
const BLURRY_BELOW = 20;
export const JUDGED_WIDTH = 320;

/** Return what is wrong with a frame of RGBA pixels; null if it may be sent. */
export function flawOf({ data, width, height }: Pick<ImageData, "data" | "width" | "height">): Flaw | null {
  const light = new Float32Array(width * height);
  for (let at = 0; at < light.length; at += 1) {
    const [red, green, blue] = [data[4 * at] ?? 0, data[4 * at + 1] ?? 0, data[4 * at + 2] ?? 0];
    light[at] = 0.299 * red + 0.587 * green + 0.114 * blue;
  }
  const { mean, variance } = spread(light);
  if (mean < DARK_BELOW) return "dark";
  if (Math.sqrt(variance) < EMPTY_BELOW) return "empty";
  return spread(laplacian(light, width, height)).variance < BLURRY_BELOW ? "blurry" : null;
}

function laplacian(light: Float32Array, width: number, height: number): Float32Array {
  const found = new Float32Array(Math.max(0, (width - 2) * (height - 2)));
  const of = (at: number) => light[at] ?? 0;
  let next = 0;
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = 1; x < width - 1; x += 1) {
      const at = y * width + x;
      found[next++] = of(at - 1) + of(at + 1) + of(at - width) + of(at + width) - 4 * of(at);
    }
  }
  return found;
}

function spread(values: Float32Array): { mean: number; variance: number } {
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / (values.length || 1);
  return { mean, variance: squares / (values.length || 1) - mean * mean };
}
