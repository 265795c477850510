using System.Globalization;

namespace VariationalBoN.References;

/// <summary>What was cut off a cache when it was opened for writing: the batch that a process was writing when it ended. Immutable, thread-safe.</summary>
/// <remarks>Nothing is lost by it: those samples were never reported as done, and are drawn again with the same random numbers.</remarks>
/// <param name="File">The file.</param>
/// <param name="Record">The number of the first record that was cut off, its line in a file of lines; 1 is the first.</param>
/// <param name="Offset">Where it began, in bytes: the length of the file now.</param>
/// <param name="Bytes">How many bytes were cut off.</param>
public sealed record ReferenceRepair(string File, int Record, long Offset, long Bytes)
{
    /// <summary>One sentence.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{File}: a batch that was not whole, {Bytes} bytes from record {Record} (byte {Offset}) on, was cut off; its samples are drawn again.");
}
