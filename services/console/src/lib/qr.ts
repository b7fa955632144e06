/**
 * A QR code (ISO/IEC 18004), drawn here because what it holds is a secret: bytes, error correction M, versions 1 to 12.
 * A test compares its modules with another encoder's.
 */

export type Modules = readonly (readonly boolean[])[]

interface Version { parity: number; blocks: readonly number[]; aligned: readonly number[] }

const times = (n: number, size: number): number[] => Array.from({ length: n }, () => size)
const VERSIONS: readonly Version[] = [
  { parity: 10, blocks: [16], aligned: [] },
  { parity: 16, blocks: [28], aligned: [6, 18] },
  { parity: 26, blocks: [44], aligned: [6, 22] },
  { parity: 18, blocks: times(2, 32), aligned: [6, 26] },
  { parity: 24, blocks: times(2, 43), aligned: [6, 30] },
  { parity: 16, blocks: times(4, 27), aligned: [6, 34] },
  { parity: 18, blocks: times(4, 31), aligned: [6, 22, 38] },
  { parity: 22, blocks: [...times(2, 38), ...times(2, 39)], aligned: [6, 24, 42] },
  { parity: 22, blocks: [...times(3, 36), ...times(2, 37)], aligned: [6, 26, 46] },
  { parity: 26, blocks: [...times(4, 43), 44], aligned: [6, 28, 50] },
  { parity: 30, blocks: [50, ...times(4, 51)], aligned: [6, 30, 54] },
  { parity: 22, blocks: [...times(6, 36), ...times(2, 37)], aligned: [6, 32, 58] },
]
const LONG_COUNT_FROM = 10
const MASKS: readonly ((row: number, column: number) => boolean)[] = [
  (r, c) => (r + c) % 2 === 0, (r) => r % 2 === 0, (_r, c) => c % 3 === 0, (r, c) => (r + c) % 3 === 0,
  (r, c) => (Math.floor(r / 2) + Math.floor(c / 3)) % 2 === 0, (r, c) => ((r * c) % 2) + ((r * c) % 3) === 0,
  (r, c) => (((r * c) % 2) + ((r * c) % 3)) % 2 === 0, (r, c) => (((r + c) % 2) + ((r * c) % 3)) % 2 === 0,
]

/** Multiplication in GF(2^8) modulo 0x11d. */
function multiply(a: number, b: number): number {
  let product = 0
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >> 7) * 0x11d)
    if ((b >> bit) & 1) product ^= a
  }
  return product
}

function parityOf(data: readonly number[], length: number): number[] {
  let root = 1
  const divisor: number[] = [...times(length - 1, 0), 1]
  for (let n = 0; n < length; n += 1) {
    for (let i = 0; i < length; i += 1) divisor[i] = multiply(divisor[i] ?? 0, root) ^ (divisor[i + 1] ?? 0)
    root = multiply(root, 2)
  }
  const rest = times(length, 0)
  for (const byte of data) {
    const factor = byte ^ (rest.shift() ?? 0)
    rest.push(0)
    divisor.forEach((value, i) => { rest[i] = (rest[i] ?? 0) ^ multiply(value, factor) })
  }
  return rest
}

const capacity = (version: Version): number => version.blocks.reduce((sum, size) => sum + size, 0)

/** Mode, count, bytes, end and filling, cut into data words. */
function words(bytes: readonly number[], number: number, room: number): number[] {
  const bits: number[] = []
  const put = (value: number, length: number): void => {
    for (let bit = length - 1; bit >= 0; bit -= 1) bits.push((value >> bit) & 1)
  }
  put(0b0100, 4)
  put(bytes.length, number >= LONG_COUNT_FROM ? 16 : 8)
  for (const byte of bytes) put(byte, 8)
  put(0, Math.min(4, room * 8 - bits.length))
  while (bits.length % 8 !== 0) bits.push(0)
  const made: number[] = []
  for (let i = 0; i < bits.length; i += 8) made.push(Number.parseInt(bits.slice(i, i + 8).join(''), 2))
  for (let i = 0; made.length < room; i += 1) made.push(i % 2 === 0 ? 0xec : 0x11)
  return made
}

/** Data and parity of all blocks, word by word in turn. */
function interleaved(data: readonly number[], version: Version): number[] {
  let from = 0
  const blocks = version.blocks.map((size) => data.slice(from, (from += size)))
  const parities = blocks.map((block) => parityOf(block, version.parity))
  const inTurn = (rows: readonly number[][]): number[] => {
    const longest = Math.max(...rows.map((row) => row.length))
    return Array.from({ length: longest }, (_, i) => rows.flatMap((row) => (i < row.length ? [row[i] ?? 0] : []))).flat()
  }
  return [...inTurn(blocks), ...inTurn(parities)]
}

const remainder = (value: number, generator: number, length: number): number => {
  let rest = value
  for (let n = 0; n < length; n += 1) rest = (rest << 1) ^ ((rest >> (length - 1)) * generator)
  return rest
}

class Drawing {
  readonly size: number
  readonly dark: boolean[][]
  private readonly fixed: boolean[][]

  constructor(number: number, version: Version) {
    this.size = number * 4 + 17
    const empty = (): boolean[][] => Array.from({ length: this.size }, () => Array.from({ length: this.size }, () => false))
    this.dark = empty()
    this.fixed = empty()
    this.pattern(number, version.aligned)
  }

  get(row: number, column: number): boolean {
    return this.dark[row]?.[column] ?? false
  }

  private set(row: number, column: number, dark: boolean): void {
    const [line, mark] = [this.dark[row], this.fixed[row]]
    if (line === undefined || mark === undefined || column < 0 || column >= this.size) return
    line[column] = dark
    mark[column] = true
  }

  private square(row: number, column: number, reach: number, isDark: (ring: number) => boolean): void {
    for (let y = -reach; y <= reach; y += 1) {
      for (let x = -reach; x <= reach; x += 1) this.set(row + y, column + x, isDark(Math.max(Math.abs(x), Math.abs(y))))
    }
  }

  private pattern(number: number, aligned: readonly number[]): void {
    const last = this.size - 1
    for (let i = 0; i < this.size; i += 1) {
      this.set(6, i, i % 2 === 0)
      this.set(i, 6, i % 2 === 0)
    }
    for (const [row, column] of [[3, 3], [3, last - 3], [last - 3, 3]] as const) this.square(row, column, 4, (ring) => ring !== 2 && ring !== 4)
    for (const row of aligned) {
      for (const column of aligned) {
        const corner = (row === 6 && (column === 6 || column === last - 6)) || (row === last - 6 && column === 6)
        if (!corner) this.square(row, column, 2, (ring) => ring !== 1)
      }
    }
    this.format(0)
    if (number < 7) return
    const bits = (number << 12) | remainder(number, 0x1f25, 12)
    for (let i = 0; i < 18; i += 1) {
      const [near, far, dark] = [Math.floor(i / 3), last - 10 + (i % 3), ((bits >> i) & 1) === 1]
      this.set(near, far, dark)
      this.set(far, near, dark)
    }
  }

  /** The two copies of level and mask; level M is 00. */
  format(mask: number): void {
    const bits = ((mask << 10) | remainder(mask, 0x537, 10)) ^ 0x5412
    const bit = (i: number): boolean => ((bits >> i) & 1) === 1
    for (let i = 0; i < 6; i += 1) this.set(i, 8, bit(i))
    this.set(7, 8, bit(6))
    this.set(8, 8, bit(7))
    this.set(8, 7, bit(8))
    for (let i = 9; i < 15; i += 1) this.set(8, 14 - i, bit(i))
    for (let i = 0; i < 8; i += 1) this.set(8, this.size - 1 - i, bit(i))
    for (let i = 8; i < 15; i += 1) this.set(this.size - 15 + i, 8, bit(i))
    this.set(this.size - 8, 8, true)
  }

  private *free(): Generator<[number, number]> {
    for (let right = this.size - 1; right >= 1; right -= 2) {
      const column = right <= 6 ? right - 1 : right
      for (let step = 0; step < this.size; step += 1) {
        const row = ((column + 1) & 2) === 0 ? this.size - 1 - step : step
        for (const at of [column, column - 1]) if (!(this.fixed[row]?.[at] ?? true)) yield [row, at]
      }
    }
  }

  fill(data: readonly number[]): void {
    let n = 0
    for (const [row, column] of this.free()) {
      const line = this.dark[row]
      if (line !== undefined) line[column] = (((data[n >> 3] ?? 0) >> (7 - (n & 7))) & 1) === 1
      n += 1
    }
  }

  /** Applying a mask twice takes it away. */
  mask(number: number): void {
    const inverts = MASKS[number]
    for (const [row, column] of this.free()) {
      const line = this.dark[row]
      if (line !== undefined && inverts?.(row, column)) line[column] = !line[column]
    }
  }
}

const FINDERS = ['10111010000', '00001011101']

function penaltyOfLine(line: string): number {
  let sum = 0
  for (const run of line.match(/0{5,}|1{5,}/g) ?? []) sum += run.length - 2
  for (const finder of FINDERS) {
    for (let at = line.indexOf(finder); at >= 0; at = line.indexOf(finder, at + 1)) sum += 40
  }
  return sum
}

function penalty(drawing: Drawing): number {
  const across = drawing.dark.map((row) => row.map(Number).join(''))
  const down = across.map((_, column) => across.map((row) => row[column] ?? '').join(''))
  let sum = [...across, ...down].reduce((all, line) => all + penaltyOfLine(line), 0)
  let dark = 0
  for (let r = 0; r < drawing.size; r += 1) {
    for (let c = 0; c < drawing.size; c += 1) {
      const one = drawing.get(r, c)
      if (one) dark += 1
      const isBlock = r > 0 && c > 0 && one === drawing.get(r - 1, c) && one === drawing.get(r, c - 1) && one === drawing.get(r - 1, c - 1)
      if (isBlock) sum += 3
    }
  }
  const share = (dark * 100) / (drawing.size * drawing.size)
  return sum + Math.floor(Math.abs(share - 50) / 5) * 10
}

export class TooLong extends Error {}

/** The modules of the smallest code that holds a text. */
export function qr(text: string, wanted?: number): Modules {
  const bytes = [...new TextEncoder().encode(text)]
  const at = VERSIONS.findIndex((one, i) => bytes.length + (i + 1 >= LONG_COUNT_FROM ? 3 : 2) <= capacity(one))
  const version = VERSIONS[at]
  if (version === undefined) throw new TooLong(`${bytes.length} bytes do not fit`)
  const drawing = new Drawing(at + 1, version)
  drawing.fill(interleaved(words(bytes, at + 1, capacity(version)), version))
  let best = wanted ?? 0
  let least = Infinity
  for (let number = 0; wanted === undefined && number < MASKS.length; number += 1) {
    drawing.mask(number)
    drawing.format(number)
    const cost = penalty(drawing)
    if (cost < least) [best, least] = [number, cost]
    drawing.mask(number)
  }
  drawing.mask(best)
  drawing.format(best)
  return drawing.dark
}

/** One path of unit squares for an SVG. */
export const pathOf = (modules: Modules): string =>
  modules.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join('')
