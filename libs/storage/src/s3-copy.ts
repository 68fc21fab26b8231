import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { patienceFor } from './s3-client.js';

/** The most that S3 copies with one request, and with one part of a copy in parts: 5 GiB. */
const MAX_COPY = 5 * 1024 ** 3;

type Place = { Bucket: string; Key: string };

/** Lets the server copy an object of `size` bytes, in parts of `partBytes` where it is larger. */
export async function copyObject(
  client: S3Client,
  from: Place,
  to: Place,
  size: number,
  partBytes = MAX_COPY,
): Promise<void> {
  const CopySource = `${from.Bucket}/${from.Key}`;
  const requestTimeout = patienceFor(size);
  if (size <= partBytes) {
    await client.send(new CopyObjectCommand({ ...to, CopySource }), { requestTimeout });
    return;
  }
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(to));
  const upload = { ...to, UploadId };
  try {
    const Parts: { ETag: string | undefined; PartNumber: number }[] = [];
    for (let start = 0; start < size; start += partBytes) {
      const PartNumber = Parts.length + 1;
      const CopySourceRange = `bytes=${start}-${Math.min(start + partBytes, size) - 1}`;
      const command = new UploadPartCopyCommand({ ...upload, PartNumber, CopySource, CopySourceRange });
      const { CopyPartResult } = await client.send(command, { requestTimeout });
      Parts.push({ ETag: CopyPartResult?.ETag, PartNumber });
    }
    await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }), {
      requestTimeout,
    });
  } catch (error) {
    await client.send(new AbortMultipartUploadCommand(upload)).catch(() => {});
    throw error;
  }
}
