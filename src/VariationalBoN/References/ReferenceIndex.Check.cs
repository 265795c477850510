using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using static VariationalBoN.References.ReferenceIndexLayout;

namespace VariationalBoN.References;

/// <content>What holds of every side file that was written whole. One for which it does not hold is made anew.</content>
internal sealed partial class ReferenceIndex
{
    private static Header ReadHeader(FileStream stream)
    {
        var header = default(Header);
        stream.ReadAtLeast(MemoryMarshal.AsBytes(new Span<Header>(ref header)), Unsafe.SizeOf<Header>(), throwOnEndOfStream: false);
        return header;
    }

    private static bool IsPossible(Header header, long length) =>
        header.Magic == Magic && header.Length == length && header.DataLength >= 0
        && header.Records is >= 0 and <= int.MaxValue && header.Prompts >= 0 && header.Prompts <= header.Records
        && header.Tables >= Unsafe.SizeOf<Header>() && header.Tables <= length && header.End == length;

    /// <summary>Whether the bytes are those that were written.</summary>
    private static bool IsIntact(FileStream stream, Header header)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] part = new byte[(int)Math.Clamp(stream.Length, 1, 1 << 20)];
        for (int read; (read = stream.Read(part)) > 0;)
            hash.AppendData(part, 0, read);
        Header unsealed = header;
        unsealed.Check = default;
        hash.AppendData(MemoryMarshal.AsBytes(new ReadOnlySpan<Header>(in unsealed)));
        return hash.GetHashAndReset().AsSpan().SequenceEqual(header.Check);
    }

    /// <summary>Whether no place in it leads outside: what the checksum says as well, unless another program wrote it.</summary>
    private bool IsConsistent()
    {
        long end = Unsafe.SizeOf<Header>();
        for (long i = 0; i < _header.Records; i++)
        {
            Record record = RecordAt(i);
            if (!IsPossible(record, end))
                return false;
            end = record.RewardsAt + ((long)record.Rewards * sizeof(double)) + ((long)record.Excluded * sizeof(int));
        }

        long first = 0, samples = 0;
        for (int i = 0; i < _header.Prompts; i++)
        {
            PromptEntry prompt = PromptAt(i);
            if (prompt.TextAt < 0 || prompt.TextLength < 0 || prompt.TextAt > _header.Tables - prompt.TextLength
                || prompt.FirstRecord != first || prompt.Records < 0 || (first += prompt.Records) > _header.Records
                || !AreRecordsOf(i, prompt))
                return false;
            Hash hash = HashAt(i);
            if (hash.Prompt < 0 || hash.Prompt >= _header.Prompts)
                return false;
            samples += prompt.Samples;
        }

        return first == _header.Records && samples == _header.Samples;
    }

    private bool IsPossible(Record record, long start)
    {
        if (record.Offset < 0 || record.Length < 0 || record.Offset > _header.DataLength - record.Length
            || record.First < 0 || record.Rewards < 0 || record.Drawn < record.Rewards || record.First > int.MaxValue - record.Drawn
            || record.Prompt < 0 || record.Prompt >= _header.Prompts || record.RewardsAt < start
            || record.RewardsAt > _header.Tables - ((long)record.Rewards * sizeof(double)) - ((long)record.Excluded * sizeof(int)))
            return false;
        int next = 0;
        foreach (int place in record.Excluded == 0 ? [] : Excluded(record))
        {
            if (place < next || place >= record.Drawn)
                return false;
            next = place + 1;
        }

        return true;
    }

    private bool AreRecordsOf(int number, PromptEntry prompt)
    {
        long next = 0, samples = 0;
        for (int i = 0; i < prompt.Records; i++)
        {
            long place = ByPromptAt(prompt.FirstRecord + i);
            if (place < 0 || place >= _header.Records)
                return false;
            Record record = RecordAt(place);
            if (record.Prompt != number || record.First < next)
                return false;
            next = (long)record.First + record.Drawn;
            samples += record.Rewards;
        }

        return samples == prompt.Samples;
    }
}
