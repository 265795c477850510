namespace VariationalBoN.References;

/// <summary>Reads a file record by record, each the bytes of one JSON text, and knows where it stands.
/// Disposes of the stream. Not thread-safe.</summary>
internal abstract class RecordReader(Stream stream) : IDisposable
{
    /// <summary>The longest record, compressed or not.</summary>
    public const int LongestRecord = 1 << 30;

    private byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _end;

    /// <summary>The place of the record in the file, in bytes.</summary>
    public long Offset { get; private set; }

    /// <summary>How many bytes of the file the record takes up.</summary>
    public int Length { get; private set; }

    /// <summary>The number of the record, its line in a file of lines; 1 is the first.</summary>
    public int Number { get; private set; }

    /// <summary>False for what the file breaks off in: its last record lacks its end.
    /// A record that has its end and cannot be read is damaged.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>The JSON text, until the next call; the bytes as they stand where the record is not whole.</summary>
    public ReadOnlyMemory<byte> Json { get; private set; }

    /// <summary>The bytes that are read and not yet taken.</summary>
    protected ReadOnlySpan<byte> Ahead => _buffer.AsSpan(_start, _end - _start);

    /// <summary>Goes to the next record.</summary>
    /// <returns>False at the end of the file.</returns>
    /// <exception cref="InvalidDataException">The record is too long or cannot be unpacked;
    /// the message says why, <see cref="Offset"/> where.</exception>
    public bool Next()
    {
        Offset += Length;
        Length = 0;
        (Json, IsWhole) = (default, false);
        Number++;
        return Read();
    }

    public void Dispose() => stream.Dispose();

    /// <summary>Reads the record that begins with <see cref="Ahead"/> and takes it; false when nothing is left.</summary>
    protected abstract bool Read();

    /// <summary>Reads more bytes into <see cref="Ahead"/>.</summary>
    /// <returns>False at the end of the file.</returns>
    protected bool More()
    {
        if (_start > 0)
        {
            Ahead.CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
        {
            if (_end >= LongestRecord)
                throw new InvalidDataException($"a record is longer than {LongestRecord} bytes.");
            Array.Resize(ref _buffer, 2 * _end);
        }

        int read = stream.Read(_buffer, _end, _buffer.Length - _end);
        _end += read;
        return read > 0;
    }

    /// <summary>Takes the first bytes of <see cref="Ahead"/> as the record.</summary>
    /// <param name="length">How many.</param>
    /// <returns>They, until the next call.</returns>
    protected ReadOnlyMemory<byte> Take(int length)
    {
        ReadOnlyMemory<byte> taken = _buffer.AsMemory(_start, length);
        _start += length;
        Length = length;
        return taken;
    }

    /// <summary>Says what the record is.</summary>
    protected bool Found(ReadOnlyMemory<byte> json, bool isWhole)
    {
        (Json, IsWhole) = (json, isWhole);
        return true;
    }
}
