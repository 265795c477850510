using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using static VariationalBoN.BestOfN.ReferenceIndexLayout;

namespace VariationalBoN.BestOfN;

/// <summary>Writes the side file of a cache in one pass: rewards and prompts as records come, tables at the end. Not thread-safe.</summary>
internal sealed class ReferenceIndexWriter : IDisposable
{
    private readonly Stream _file;
    private readonly BufferedStream _stream;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly List<Record> _records = [];
    private readonly List<Prompt> _prompts = [];
    private readonly List<ulong> _hashes = [];
    private long _length = Unsafe.SizeOf<Header>();

    /// <summary>Writes to a file that can be sought in, and does not dispose of it.</summary>
    public ReferenceIndexWriter(Stream file)
    {
        _file = file;
        _stream = new BufferedStream(file, 1 << 16);
        _stream.Write(new byte[Unsafe.SizeOf<Header>()]);
    }

    /// <summary>How many records there are.</summary>
    public int Count => _records.Count;

    /// <summary>Adds a record.</summary>
    public void Add(RecordSummary record, long offset, int length, int number)
    {
        if (!_numbers.TryGetValue(record.Prompt, out int prompt))
        {
            _numbers[record.Prompt] = prompt = _prompts.Count;
            byte[] text = Encoding.UTF8.GetBytes(record.Prompt);
            _prompts.Add(new Prompt { TextAt = _length, TextLength = text.Length });
            _hashes.Add(HashOf(text));
            Write(text);
        }

        _records.Add(new Record { Offset = offset, Length = length, Number = number, First = record.First, Drawn = record.Drawn, Rewards = record.Rewards.Length, Prompt = prompt, RewardsAt = _length });
        Write(MemoryMarshal.AsBytes<double>(record.Rewards));
    }

    /// <summary>Takes back the records after the first ones.</summary>
    public void Keep(int records)
    {
        int prompts = 0;
        for (int i = 0; i < records; i++)
            prompts = Math.Max(prompts, _records[i].Prompt + 1);
        _records.RemoveRange(records, _records.Count - records);
        _prompts.RemoveRange(prompts, _prompts.Count - prompts);
        _hashes.RemoveRange(prompts, _hashes.Count - prompts);
    }

    /// <summary>Writes tables and header.</summary>
    /// <param name="dataLength">The length of the file of records.</param>
    /// <param name="dataTicks">When it was changed.</param>
    /// <param name="wholeBatches">Up to where it consists of whole batches.</param>
    /// <returns>The number of a record that has a sample which an earlier one has too; null, and all is written, when there is none.</returns>
    public int? Complete(long dataLength, long dataTicks, long wholeBatches)
    {
        long[] byPrompt = ByPrompt();
        for (int i = 1; i < byPrompt.Length; i++)
        {
            Record before = _records[(int)byPrompt[i - 1]], record = _records[(int)byPrompt[i]];
            if (record.Prompt == before.Prompt && record.First < (long)before.First + before.Drawn)
                return (int)Math.Max(byPrompt[i - 1], byPrompt[i]);
        }

        var header = new Header { Magic = Magic, DataLength = dataLength, DataTicks = dataTicks, WholeBatches = wholeBatches, Records = _records.Count, Prompts = _prompts.Count, Tables = _length };
        foreach (Record record in _records)
            header.Samples += record.Rewards;
        Hash[] hashes = [.. _hashes.Select((hash, prompt) => new Hash { Value = hash, Prompt = prompt }).OrderBy(hash => hash.Value)];
        Write(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_records)));
        Write(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_prompts)));
        Write(MemoryMarshal.AsBytes<long>(byPrompt));
        Write(MemoryMarshal.AsBytes<Hash>(hashes));
        header.Length = _length;
        _hash.AppendData(MemoryMarshal.AsBytes(new ReadOnlySpan<Header>(in header)));
        _hash.GetHashAndReset(header.Check);
        _stream.Flush();
        _file.Position = 0;
        _file.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<Header>(in header)));
        return null;
    }

    /// <summary>The record of a number of <see cref="Complete"/>.</summary>
    public Record this[int record] => _records[record];

    public void Dispose() => _hash.Dispose();

    /// <summary>The records prompt by prompt, in the order of their samples; tells each prompt where its records are.</summary>
    private long[] ByPrompt()
    {
        long[] order = [.. Enumerable.Range(0, _records.Count).OrderBy(i => _records[i].Prompt).ThenBy(i => _records[i].First).Select(i => (long)i)];
        Span<Prompt> prompts = CollectionsMarshal.AsSpan(_prompts);
        for (int i = 0; i < order.Length; i++)
        {
            Record record = _records[(int)order[i]];
            ref Prompt prompt = ref prompts[record.Prompt];
            if (prompt.Records++ == 0)
                prompt.FirstRecord = i;
            prompt.Samples += record.Rewards;
        }

        return order;
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> padding = new byte[8].AsSpan(0, -bytes.Length & 7);
        _stream.Write(bytes);
        _stream.Write(padding);
        _hash.AppendData(bytes);
        _hash.AppendData(padding);
        _length += bytes.Length + padding.Length;
    }
}
