using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using static VariationalBoN.References.ReferenceIndexLayout;

namespace VariationalBoN.References;

/// <summary>Writes the side file of a cache in one pass: rewards and prompts as records come, tables at the end. Not thread-safe.</summary>
internal sealed class ReferenceIndexWriter : IDisposable
{
    private readonly Stream _file;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly List<Record> _records = [];
    private readonly List<PromptEntry> _prompts = [];
    private readonly List<ulong> _hashes = [];
    private long _length = Unsafe.SizeOf<Header>();

    /// <summary>Writes to a file that can be sought in, and does not dispose of it.</summary>
    public ReferenceIndexWriter(Stream file)
    {
        _file = file;
        _file.Write(new byte[Unsafe.SizeOf<Header>()]);
    }

    /// <summary>How many records there are.</summary>
    public int Count => _records.Count;

    /// <summary>Adds the next record of the file of records, <paramref name="length"/> bytes from <paramref name="offset"/> on.</summary>
    public void Add(string prompt, int first, ReadOnlySpan<double> rewards, ReadOnlySpan<int> excluded, long offset, int length)
    {
        if (!_numbers.TryGetValue(prompt, out int number))
        {
            _numbers[prompt] = number = _prompts.Count;
            byte[] text = Encoding.UTF8.GetBytes(prompt);
            _prompts.Add(new PromptEntry { TextAt = _length, TextLength = text.Length });
            _hashes.Add(HashOf(text));
            Write(text);
        }

        _records.Add(new Record { Offset = offset, Length = length, Number = _records.Count + 1, First = first, Drawn = rewards.Length + excluded.Length, Rewards = rewards.Length, Prompt = number, RewardsAt = _length });
        Write(MemoryMarshal.AsBytes(rewards));
        Write(MemoryMarshal.AsBytes(excluded));
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
    /// <param name="path">The file of records, as it is now.</param>
    /// <param name="wholeBatches">Up to where it consists of whole batches.</param>
    /// <exception cref="InvalidDataException">A record has a sample which an earlier one has too; the message names it.</exception>
    public void Complete(string path, long wholeBatches)
    {
        long[] byPrompt = ByPrompt();
        for (int i = 1; i < byPrompt.Length; i++)
        {
            Record before = _records[(int)byPrompt[i - 1]], record = _records[(int)byPrompt[i]];
            if (record.Prompt == before.Prompt && record.First < (long)before.First + before.Drawn)
                throw Twice(path, _records[(int)Math.Max(byPrompt[i - 1], byPrompt[i])]);
        }

        var records = RecordsEnd.Of(path);
        var header = new Header { Magic = Magic, DataLength = records.Length, DataTail = records.Tail, WholeBatches = wholeBatches, Records = _records.Count, Prompts = _prompts.Count, Tables = _length };
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
        _file.Position = 0;
        _file.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<Header>(in header)));
    }

    public void Dispose() => _hash.Dispose();

    private static InvalidDataException Twice(string path, Record record) =>
        CacheDamage.At(path, record.Number, record.Offset, "the record holds samples of its prompt that another record holds too.");

    /// <summary>The records prompt by prompt, in the order of their samples; tells each prompt where its records are.</summary>
    private long[] ByPrompt()
    {
        long[] order = [.. Enumerable.Range(0, _records.Count).OrderBy(i => _records[i].Prompt).ThenBy(i => _records[i].First).Select(i => (long)i)];
        Span<PromptEntry> prompts = CollectionsMarshal.AsSpan(_prompts);
        for (int i = 0; i < order.Length; i++)
        {
            Record record = _records[(int)order[i]];
            ref PromptEntry prompt = ref prompts[record.Prompt];
            if (prompt.Records++ == 0)
                prompt.FirstRecord = i;
            prompt.Samples += record.Rewards;
        }

        return order;
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> padding = new byte[8].AsSpan(0, -bytes.Length & 7);
        _file.Write(bytes);
        _file.Write(padding);
        _hash.AppendData(bytes);
        _hash.AppendData(padding);
        _length += bytes.Length + padding.Length;
    }
}
