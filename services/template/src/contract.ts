import { defineCommand } from '@tandem/contracts/command';
import { z } from 'zod';

export const WriteReceipt = defineCommand('template.write', {
  summary: 'Write the text of a receipt in CFA francs',
  input: z.strictObject({
    payer: z.string().min(1).max(100).meta({ description: 'Who paid', example: 'Awa Diop' }),
    amount: z.int().min(1).meta({ description: 'CFA francs; there are no cents', example: 2_500 }),
  }),
  output: z.object({ number: z.string(), text: z.string() }),
  timeout: '10s',
  attempts: 5,
  scope: 'template:write',
});
