using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;
using VariationalBoN.Internal;

namespace VariationalBoN.Training;

/// <summary>
/// Scalars as TensorBoard reads them: records of <c>Event</c> messages in a file <c>events.out.tfevents...</c>,
/// a new one each time. Not thread-safe.
/// </summary>
/// <remarks>
/// TorchSharp's own writer stamps events with ticks in place of seconds, opens the file for every number and cannot say that a run went
/// back; this one writes the same
/// messages, and the tests read them with TorchSharp's classes. A record is its length (8 bytes), the masked CRC-32C of that, the
/// message, its masked CRC-32C.
/// Format: tensorflow/core/util/event.proto, tensorflow/core/lib/io/record_writer.cc.
/// </remarks>
internal sealed class TensorBoardEvents : IDisposable
{
    private const int WallTime = 1,
        Step = 2,
        FileVersion = 3,
        Summary = 5,
        SessionLog = 7; // fields of Event
    private const int SummaryValue = 1,
        ValueTag = 1,
        ValueSimple = 2,
        SessionStatus = 1,
        SessionStart = 1;
    private const int Varint = 0,
        Fixed64 = 1,
        Bytes = 2,
        Fixed32 = 5; // wire types
    private static int s_count;

    private readonly FileStream _file;
    private readonly MemoryStream _event = new(),
        _part = new(),
        _value = new();
    private bool _goesBack = true;

    /// <summary>Begins a file.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public TensorBoardEvents(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Disk.CreateFolder(Path.GetFullPath(folder));
        long seconds = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        string name = string.Create(
            CultureInfo.InvariantCulture, // TensorBoard reads files in the order of their names
            $"events.out.tfevents.{seconds:0000000000}.{Environment.MachineName}.{Environment.ProcessId}."
                + $"{Interlocked.Increment(ref s_count)}"
        );
        _file = new FileStream(Path.Combine(folder, name), FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
        Begin();
        Field(_event, FileVersion, "brain.Event:2");
        Append();
    }

    /// <summary>
    /// Says with the next step that what earlier files, or this one, hold of it and of later steps does not count any more.
    /// </summary>
    public void GoBack() => _goesBack = true;

    /// <summary>Writes one step: numbers of any value, in float32 as TensorBoard keeps them.</summary>
    /// <exception cref="IOException">It could not be written; the file ends with the record before it.</exception>
    public void Write(long step, ReadOnlySpan<KeyValuePair<string, double>> metrics)
    {
        if (_goesBack)
        {
            Begin();
            Field(_event, Step, step);
            _part.SetLength(0);
            Field(_part, SessionStatus, SessionStart);
            Field(_event, SessionLog, _part);
            Append();
            _goesBack = false;
        }

        Begin();
        Field(_event, Step, step);
        _part.SetLength(0);
        foreach ((string name, double value) in metrics)
        {
            _value.SetLength(0);
            Field(_value, ValueTag, name);
            Field(_value, ValueSimple, (float)value);
            Field(_part, SummaryValue, _value);
        }

        Field(_event, Summary, _part);
        Append();
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    private void Begin()
    {
        _event.SetLength(0);
        Tag(_event, WallTime, Fixed64);
        Span<byte> seconds = stackalloc byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleLittleEndian(seconds, (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).TotalSeconds);
        _event.Write(seconds);
    }

    private void Append()
    {
        ReadOnlySpan<byte> message = _event.GetBuffer().AsSpan(0, (int)_event.Length);
        byte[] record = new byte[sizeof(ulong) + sizeof(uint) + message.Length + sizeof(uint)];
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)message.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(sizeof(ulong)), MaskedCrc(record.AsSpan(0, sizeof(ulong))));
        message.CopyTo(record.AsSpan(sizeof(ulong) + sizeof(uint)));
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(record.Length - sizeof(uint)), MaskedCrc(message));
        long end = _file.Position;
        try
        {
            _file.Write(record);
        }
        catch (Exception e) when (e is IOException || FileSizeLimit.IsReached(e))
        {
            _file.SetLength(end); // a full disk takes a part of a record
            _file.Position = end;
            if (e is IOException)
                throw;
            throw FileSizeLimit.At(_file.Name, e);
        }
    }

    // fields below 16 alone
    private static void Tag(MemoryStream to, int field, int wireType) => to.WriteByte((byte)((field << 3) | wireType));

    private static void Field(MemoryStream to, int field, long value)
    {
        Tag(to, field, Varint);
        Number(to, (ulong)value);
    }

    private static void Field(MemoryStream to, int field, float value)
    {
        Tag(to, field, Fixed32);
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        to.Write(bytes);
    }

    private static void Field(MemoryStream to, int field, string text) => Field(to, field, Encoding.UTF8.GetBytes(text));

    private static void Field(MemoryStream to, int field, MemoryStream message) =>
        Field(to, field, message.GetBuffer().AsSpan(0, (int)message.Length));

    private static void Field(MemoryStream to, int field, ReadOnlySpan<byte> bytes)
    {
        Tag(to, field, Bytes);
        Number(to, (ulong)bytes.Length);
        to.Write(bytes);
    }

    private static void Number(MemoryStream to, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            to.WriteByte((byte)(value | 0x80));
        to.WriteByte((byte)value);
    }

    /// <summary>
    /// CRC-32C (Castagnoli), turned by 15 bits and moved by a constant,
    /// so that a checksum of data that hold checksums is none by chance.
    /// </summary>
    private static uint MaskedCrc(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in data)
            crc = BitOperations.Crc32C(crc, value);
        return BitOperations.RotateRight(~crc, 15) + 0xa282ead8;
    }
}
