using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace VariationalBoN.References;

/// <summary>The checksums of a row and the key of its prompt: the first 16 bytes of a SHA-256. Stateless, thread-safe.</summary>
/// <remarks>SQLite's own checks do not look into blobs.</remarks>
internal static class StoreCheck
{
    /// <summary>Their length in bytes.</summary>
    public const int Length = 16;

    /// <summary>The key of a prompt: of the byte 1 for a conversation or 0 for a text, and its canonical form in UTF-8.</summary>
    public static byte[] Key(string canonical, bool isConversation)
    {
        byte[] bytes = new byte[1 + Encoding.UTF8.GetByteCount(canonical)];
        bytes[0] = isConversation ? (byte)1 : (byte)0;
        Encoding.UTF8.GetBytes(canonical, bytes.AsSpan(1));
        return SHA256.HashData(bytes)[..Length];
    }

    /// <summary>Of the prompt, the plain columns and the rewards, so that rewards can be read alone.</summary>
    public static byte[] OfRewards(byte[] key, int first, int drawn, StoreSummary summary, byte[] rewards)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(key);
        Span<byte> numbers = stackalloc byte[8 * sizeof(long)];
        int filled = 0;
        ReadOnlySpan<long> plain =
        [
            first,
            drawn,
            summary.WithoutReward,
            Bits(summary.Minimum),
            Bits(summary.Mean),
            Bits(summary.Maximum),
            summary.Distinct,
            Bits(summary.MeanTokens),
        ];
        foreach (long number in plain)
        {
            BinaryPrimitives.WriteInt64LittleEndian(numbers[filled..], number);
            filled += sizeof(long);
        }

        hash.AppendData(numbers);
        hash.AppendData(rewards);
        return hash.GetHashAndReset()[..Length];
    }

    /// <summary>Of the whole row: of the checksum of the rewards, and of the columns that it does not cover.</summary>
    public static byte[] OfRow(byte[] rewardsCheck, byte[]? logReference, long? completionsLength, byte[]? completions)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(rewardsCheck);
        Span<byte> lengths = stackalloc byte[3 * sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(lengths, logReference?.Length ?? -1);
        BinaryPrimitives.WriteInt64LittleEndian(lengths[sizeof(long)..], completions?.Length ?? -1);
        BinaryPrimitives.WriteInt64LittleEndian(lengths[(2 * sizeof(long))..], completionsLength ?? -1);
        hash.AppendData(lengths);
        hash.AppendData(logReference ?? []);
        hash.AppendData(completions ?? []);
        return hash.GetHashAndReset()[..Length];
    }

    private static long Bits(double? number) => number is double value ? BitConverter.DoubleToInt64Bits(value) : StoreNumbers.None;
}
