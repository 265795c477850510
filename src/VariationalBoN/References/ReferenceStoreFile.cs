using VariationalBoN.Internal;

namespace VariationalBoN.References;

/// <summary>The file of records of a cache, open for appending batches whole or not at all. Not thread-safe.</summary>
internal sealed class ReferenceStoreFile : IDisposable
{
    private readonly FileStream _file;
    private readonly Stream _stream;
    private readonly bool _flushToDisk;
    private long _length;
    private byte[] _batch = []; // kept, since a fresh one of this size each time costs more than what is written into it
    private bool _isBroken;

    public ReferenceStoreFile(string path, bool flushToDisk, Func<FileStream, Stream> around)
    {
        _file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        (_stream, _flushToDisk, _length) = (around(_file), flushToDisk, _file.Length);
    }

    /// <summary>How long the file is: where the next batch begins.</summary>
    public long Length => _length;

    /// <summary>Appends a batch.</summary>
    /// <exception cref="IOException">It could not be written, and what of it was is taken back.</exception>
    /// <exception cref="InvalidOperationException">What an earlier batch left could not be taken back.</exception>
    public void Append(IReadOnlyList<byte[]> records)
    {
        if (_isBroken)
            throw new InvalidOperationException($"An earlier batch was written to {_file.Name} in part, and could not be taken back. Open the store again, which cuts it off.");
        int length = checked(records.Sum(record => record.Length));
        if (_batch.Length < length)
            _batch = new byte[length];
        int filled = 0;
        foreach (byte[] record in records)
        {
            record.CopyTo(_batch, filled);
            filled += record.Length;
        }

        try
        {
            _file.Position = _length;
            _stream.Write(_batch, 0, length);
            _stream.Flush();
            if (_flushToDisk)
                _file.Flush(flushToDisk: true);
            _length += length;
        }
        catch (Exception e)
        {
            bool isBack = TakeBack();
            if (FileSizeLimit.IsFailedWrite(e))
                throw new IOException($"A batch could not be written to {_file.Name}: {e.Message} {(isBack ? "The cache is as it was before" : "What of it was written is cut off when the cache is opened again")}; make room or mend the disk, and go on.", e);
            throw;
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        _file.Dispose();
    }

    private bool TakeBack()
    {
        try
        {
            _file.SetLength(_length);
            return true;
        }
        catch (IOException)
        {
            _isBroken = true; // said with the error that led here
            return false;
        }
    }
}
