using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace VariationalBoN;

/// <summary>
/// A stream of uniform numbers that is a pure function of (purpose, seed, prompt, sample, position): Philox4x32-10, keyed by seed and
/// prompt, with sample, purpose and position as its counter.
/// </summary>
/// <remarks>
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). Immutable, thread-safe, without
/// global state: any number of a stream can be asked for in any order, on any machine, with the same result.
/// </remarks>
public readonly struct CounterRandom
{
    private readonly ulong _key;
    private readonly uint _sample;
    private readonly uint _purpose;

    /// <summary>The stream of one sample of one prompt.</summary>
    /// <param name="seed">Seed and purpose; <see cref="DrawSeed.FirstSample"/> is added to <paramref name="sample"/>.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="sample">Index of the sample among those of this prompt in this draw, 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="sample"/> or
    /// <see cref="DrawSeed.FirstSample"/> is negative.</exception>
    public CounterRandom(DrawSeed seed, Prompt prompt, int sample)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentOutOfRangeException.ThrowIfNegative(sample);
        ArgumentOutOfRangeException.ThrowIfNegative(seed.FirstSample, nameof(seed));
        byte[] text = Encoding.UTF8.GetBytes(prompt.Canonical);
        byte[] message = new byte[8 + text.Length];
        BinaryPrimitives.WriteInt64LittleEndian(message, seed.Value);
        text.CopyTo(message, 8);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(message, hash);
        _key = BinaryPrimitives.ReadUInt64LittleEndian(hash);
        _sample = (uint)checked(seed.FirstSample + sample);
        _purpose = (uint)seed.Purpose;
    }

    /// <summary>A uniform number u in [0, 1) with 53 random bits.</summary>
    /// <param name="position">Position in the stream, such as the index of the token that is drawn; 0 or more.</param>
    /// <returns>The same number for the same stream and position, always.</returns>
    public double Uniform(long position)
    {
        (uint a, uint b, _, _) = Philox((uint)position, (uint)(position >> 32), _sample, _purpose, (uint)_key, (uint)(_key >> 32));
        return ((((ulong)a << 32) | b) >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>A standard normal number by the Box-Muller transform of the two halves of one block.</summary>
    /// <param name="position">Position in the stream, 0 or more.</param>
    /// <returns>The same number for the same stream and position, always.</returns>
    public double Normal(long position)
    {
        (uint a, uint b, uint c, uint d) = Philox(
            (uint)position,
            (uint)(position >> 32),
            _sample,
            _purpose,
            (uint)_key,
            (uint)(_key >> 32)
        );
        double u = (((((ulong)a << 32) | b) >> 11) + 1) * (1.0 / (1UL << 53)),
            v = ((((ulong)c << 32) | d) >> 11) * (1.0 / (1UL << 53));
        return Math.Sqrt(-2 * Math.Log(u)) * Math.Cos(2 * Math.PI * v);
    }

    /// <summary>The Philox4x32-10 block function, exposed to the tests that hold it against published answers.</summary>
    internal static (uint A, uint B, uint C, uint D) Philox(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1)
    {
        for (int round = 0; round < 10; round++)
        {
            ulong p0 = (ulong)c0 * 0xD2511F53u,
                p1 = (ulong)c2 * 0xCD9E8D57u;
            (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }

        return (c0, c1, c2, c3);
    }
}
