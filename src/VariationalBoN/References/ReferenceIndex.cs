using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using static VariationalBoN.References.ReferenceIndexLayout;

namespace VariationalBoN.References;

/// <summary>The side file of a cache, mapped into memory: rewards, prompts and the places of records, read without their texts. Thread-safe.</summary>
internal sealed partial class ReferenceIndex : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly Header _header;

    private ReferenceIndex(FileStream stream, Header header)
    {
        _header = header;
        _file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
    }

    /// <summary>The number of prompts.</summary>
    public int Prompts => (int)_header.Prompts;

    /// <summary>The number of records.</summary>
    public int Records => (int)_header.Records;

    /// <summary>The number of rewards of all prompts.</summary>
    public long Samples => _header.Samples;

    /// <summary>Whether the file of records consists of whole batches.</summary>
    public bool HasWholeBatches => _header.WholeBatches == _header.DataLength;

    private SafeMemoryMappedViewHandle Bytes => _view.SafeMemoryMappedViewHandle;

    /// <summary>Opens the side file.</summary>
    /// <returns>Null when it is missing, damaged, or not that of the file of records as it is now.</returns>
    /// <exception cref="InvalidDataException">The file of records is shorter than the whole batches that it was made of.</exception>
    public static ReferenceIndex? TryOpen(string folder, ReferenceManifest manifest)
    {
        string path = Path.Combine(folder, FileName), data = Path.Combine(folder, manifest.SamplesFile);
        if (!File.Exists(path))
            return null;
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        try
        {
            Header header = ReadHeader(stream);
            var records = RecordsEnd.Of(data);
            bool isLost = header.WholeBatches > records.Length;
            if (!IsPossible(header, stream.Length) || !(isLost || records == new RecordsEnd(header.DataLength, header.DataTail)) || !IsIntact(stream, header))
                return null;
            if (isLost)
                throw CacheDamage.Lost(data, records.Length, header.WholeBatches, path);
            var index = new ReferenceIndex(Interlocked.Exchange(ref stream, null!), header);
            if (index.IsConsistent())
                return index;
            index.Dispose();
            return null;
        }
        finally
        {
            stream?.Dispose();
        }
    }

    /// <summary>A side file that was written just now; disposes of the stream.</summary>
    public static ReferenceIndex Of(FileStream stream)
    {
        stream.Position = 0;
        return new ReferenceIndex(stream, ReadHeader(stream));
    }

    /// <summary>The number of a prompt; -1 when it is not here.</summary>
    public int Find(string prompt)
    {
        byte[] text = Encoding.UTF8.GetBytes(prompt);
        ulong hash = HashOf(text);
        long low = 0, high = _header.Prompts;
        while (low < high)
        {
            long middle = (low + high) / 2;
            if (HashAt(middle).Value < hash)
                low = middle + 1;
            else
                high = middle;
        }

        for (; low < _header.Prompts && HashAt(low) is var entry && entry.Value == hash; low++)
        {
            if (Text(PromptAt((int)entry.Prompt)).AsSpan().SequenceEqual(text))
                return (int)entry.Prompt;
        }

        return -1;
    }

    /// <summary>A prompt x.</summary>
    public string Prompt(int prompt) => Encoding.UTF8.GetString(Text(PromptAt(prompt)));

    /// <summary>How many rewards a prompt has.</summary>
    public int Count(int prompt) => PromptAt(prompt).Samples;

    /// <summary>Some rewards of a record.</summary>
    public double[] Rewards(Record record, int skip, int count)
    {
        double[] rewards = new double[count];
        Bytes.ReadSpan<double>((ulong)(record.RewardsAt + ((long)skip * sizeof(double))), rewards);
        return rewards;
    }

    /// <summary>Which samples of a record were left out: places among those drawn, ascending.</summary>
    public int[] Excluded(Record record)
    {
        int[] places = new int[record.Excluded];
        Bytes.ReadSpan<int>((ulong)(record.RewardsAt + ((long)record.Rewards * sizeof(double))), places);
        return places;
    }

    /// <summary>A record, counted from 0 in the order of the file of records.</summary>
    public Record RecordAt(long record)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(record);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(record, Records);
        return Bytes.Read<Record>((ulong)(_header.Tables + (record * Unsafe.SizeOf<Record>())));
    }

    /// <summary>The records of a prompt in the order of its samples.</summary>
    public Record[] RecordsOf(int prompt)
    {
        PromptEntry entry = PromptAt(prompt);
        var records = new Record[entry.Records];
        for (int i = 0; i < records.Length; i++)
            records[i] = RecordAt(ByPromptAt(entry.FirstRecord + i));
        return records;
    }

    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
    }

    private PromptEntry PromptAt(int prompt)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(prompt);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(prompt, Prompts);
        return Bytes.Read<PromptEntry>((ulong)(_header.PromptTable + ((long)prompt * Unsafe.SizeOf<PromptEntry>())));
    }

    private long ByPromptAt(int place) => Bytes.Read<long>((ulong)(_header.ByPromptTable + (place * (long)sizeof(long))));

    private Hash HashAt(long place) => Bytes.Read<Hash>((ulong)(_header.HashTable + (place * Unsafe.SizeOf<Hash>())));

    private byte[] Text(PromptEntry prompt)
    {
        byte[] text = new byte[prompt.TextLength];
        Bytes.ReadSpan<byte>((ulong)prompt.TextAt, text);
        return text;
    }
}
