using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace VariationalBoN.References;

/// <summary>
/// The layout of the side file <c>rewards.index</c>, in the byte order of the machine: header; rewards (with the places of samples
/// left out) and prompts as they came, each from a multiple of 8 bytes on; then tables of records, of prompts, of records by prompt, of prompts by hash.
/// </summary>
internal static class ReferenceIndexLayout
{
    public const string FileName = "rewards.index";

    /// <summary>Tells the file, its version and its byte order from others.</summary>
    public const ulong Magic = 0x0001_7865_4E6F_4256;

    /// <summary>What prompts, and the end of the file of records, are known by.</summary>
    public static ulong HashOf(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return BinaryPrimitives.ReadUInt64LittleEndian(hash);
    }

    /// <summary>The first 128 bytes.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 128)]
    public struct Header
    {
        public ulong Magic;
        public long DataLength;   // of the file of records when this was made
        public ulong DataTail;    // a hash of its last bytes
        public long WholeBatches; // up to where it consists of whole batches
        public long Records;
        public long Prompts;
        public long Samples;
        public long Tables;       // where the tables begin
        public long Length;       // of this file
        public Digest Check;      // SHA-256 of what follows the header, and of the header with this empty

        public readonly long PromptTable => Tables + (Records * Unsafe.SizeOf<Record>());

        public readonly long ByPromptTable => PromptTable + (Prompts * Unsafe.SizeOf<PromptEntry>());

        public readonly long HashTable => ByPromptTable + (Records * sizeof(long));

        public readonly long End => HashTable + (Prompts * Unsafe.SizeOf<Hash>());
    }

    /// <summary>A SHA-256.</summary>
    [InlineArray(SHA256.HashSizeInBytes)]
    public struct Digest
    {
        private byte _first;
    }

    /// <summary>A record of the file of records.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Record
    {
        public long Offset;
        public int Length;
        public int Number;
        public int First;
        public int Drawn;
        public int Rewards;
        public int Prompt;
        public long RewardsAt;    // behind the rewards, an int for each of Drawn - Rewards: its place among those drawn

        public readonly int Excluded => Drawn - Rewards;
    }

    /// <summary>A prompt.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PromptEntry
    {
        public long TextAt;
        public int TextLength;
        public int Records;
        public int FirstRecord; // in the table of records by prompt
        public int Samples;
    }

    /// <summary>A prompt by the first 8 bytes of the SHA-256 of its UTF-8.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Hash
    {
        public ulong Value;
        public long Prompt;
    }
}
