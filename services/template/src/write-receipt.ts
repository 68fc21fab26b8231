import { Controller, Inject } from '@nestjs/common';
import type { InputOf, OutputOf } from '@tandem/contracts/command';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import { Rejected } from '@tandem/messaging/outcome';
import type { TemplateConfig } from './config.js';
import { WriteReceipt } from './contract.js';
import { TEMPLATE_CONFIG } from './tokens.js';

type Input = InputOf<typeof WriteReceipt>;
type Output = OutputOf<typeof WriteReceipt>;

const francs = new Intl.NumberFormat('fr-FR', { style: 'currency', currency: 'XOF' });

/** Writes a receipt. Running it again for the same job gives the same number and text. */
@Controller()
export class WriteReceiptHandler implements CommandHandler<typeof WriteReceipt> {
  constructor(@Inject(TEMPLATE_CONFIG) private readonly config: TemplateConfig) {}

  @HandleCommand(WriteReceipt)
  async handle({ data, job }: CommandContext<typeof WriteReceipt>): Promise<Output> {
    const { TEMPLATE_MAX_XOF: max } = this.config;
    if (data.amount > max)
      throw new Rejected('invalid_input', `A receipt is for ${max} francs at most; split this one, of ${data.amount}.`);
    return receipt(data, numberOf(job.id));
  }
}

/** From the job's id, as a job can run twice: a counter would then give two numbers. */
function numberOf(jobId: string): string {
  return `R-${jobId.slice(-8).toUpperCase()}`;
}

function receipt({ payer, amount }: Input, number: string): Output {
  return { number, text: `Reçu ${number} : ${francs.format(amount)} de ${payer}.` };
}
