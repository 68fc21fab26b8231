/** Forms of the names of a new service and its command. */
export interface ServiceNames {
  service: string;
  Service: string;
  type: string;
  file: string;
  Command: string;
  adminPort: number;
}

export function serviceNames(root: string, args: string[]): ServiceNames;
