import { z } from 'zod';
import { ProblemDocument } from '../http/problem.js';

export const problem = { content: { 'application/problem+json': { schema: ProblemDocument } } };
export const PROBLEMS = {
  '401': { ...problem, description: 'No token, or not a valid one' },
  '403': { ...problem, description: 'The token lacks the scope' },
  '429': { ...problem, description: 'Too many requests; see Retry-After' },
};
export const NOT_FOUND = { '404': { ...problem, description: 'Not there, or not yours' } };
export const UNREADABLE = { '400': { ...problem, description: 'The body cannot be read' } };
export const idPath = z.object({ id: z.uuid() });
