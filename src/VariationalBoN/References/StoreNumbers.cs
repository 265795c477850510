using System.Buffers.Binary;
using System.Collections.Immutable;

namespace VariationalBoN.References;

/// <summary>
/// A column of numbers: IEEE 754 doubles of 8 bytes, little-endian, one to each sample;
/// NaN with the bits 0x7FF8000000000000 where there is none. Stateless, thread-safe.
/// </summary>
internal static class StoreNumbers
{
    /// <summary>The bits that say that there is no number.</summary>
    public const long None = 0x7FF8_0000_0000_0000;

    /// <summary>The bytes of numbers.</summary>
    public static byte[] Write(ReadOnlySpan<double?> numbers)
    {
        byte[] bytes = new byte[sizeof(double) * numbers.Length];
        for (int i = 0; i < numbers.Length; i++)
            BinaryPrimitives.WriteInt64LittleEndian(
                bytes.AsSpan(sizeof(double) * i),
                numbers[i] is double number ? BitConverter.DoubleToInt64Bits(number) : None
            );
        return bytes;
    }

    /// <summary>The numbers of bytes.</summary>
    /// <param name="bytes">The column.</param>
    /// <param name="drawn">How many there must be.</param>
    /// <param name="name">The column's name.</param>
    /// <exception cref="FormatException">There are not as many, or one is neither finite nor none.</exception>
    public static ImmutableArray<double?> Read(ReadOnlySpan<byte> bytes, int drawn, string name)
    {
        if (bytes.Length != (long)sizeof(double) * drawn)
            throw new FormatException($"its {name} are {bytes.Length} bytes, and {drawn} samples were drawn.");
        var numbers = ImmutableArray.CreateBuilder<double?>(drawn);
        for (int i = 0; i < drawn; i++)
        {
            long bits = BinaryPrimitives.ReadInt64LittleEndian(bytes[(sizeof(double) * i)..]);
            double number = BitConverter.Int64BitsToDouble(bits);
            numbers.Add(
                double.IsFinite(number) ? number
                : bits == None ? null
                : throw new FormatException($"entry {i} of its {name} is {number}, which this library does not write.")
            );
        }

        return numbers.MoveToImmutable();
    }
}
