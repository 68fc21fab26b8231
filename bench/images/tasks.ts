/** Formats that the tasks read and write. */
export type Format = 'jpeg' | 'png' | 'webp' | 'avif';

/** What is made of a photograph: a smaller one of the same format. */
export interface Task {
  key: string;
  name: string;
  format: Format;
  width: number;
  height: number;
  /** None for PNG: sharp takes a quality as the wish for a palette, imgproxy's PNGs have all their colours. */
  quality?: number;
  /** Images in a round, so that each takes some seconds. */
  images: number;
}

const box = { width: 512, height: 512 };

/** imgproxy's harness (photographs of 2K in a box of 512 x 512, at its qualities), and sharp's own task. */
export const TASKS: Task[] = [
  { key: 'jpeg', name: 'JPEG', format: 'jpeg', ...box, quality: 80, images: 240 },
  { key: 'png', name: 'PNG', format: 'png', ...box, images: 80 },
  { key: 'webp', name: 'WebP', format: 'webp', ...box, quality: 75, images: 120 },
  { key: 'avif', name: 'AVIF', format: 'avif', ...box, quality: 65, images: 60 },
  { key: 'sharp', name: "sharp's own", format: 'jpeg', width: 720, height: 588, quality: 80, images: 240 },
];

/** The file that a task is done with. */
export interface Source {
  task: Task;
  /** The file's name, in the folder of all. */
  file: string;
  path: string;
}
