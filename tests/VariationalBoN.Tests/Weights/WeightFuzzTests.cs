using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using VariationalBoN.Tests.Transformers.Pickles;
using VariationalBoN.Transformers.Pickles;
using VariationalBoN.Weights;

namespace VariationalBoN.Tests.Weights;

/// <summary>
/// Damaged files by the hundred thousand: each is read, or refused with an <see cref="InvalidDataException"/> that names a byte, and
/// neither allocates out of proportion to its length. Seeds are fixed.
/// </summary>
[Trait("Tier", "fast")]
[Collection("Allocating")]
public sealed class WeightFuzzTests
{
    private const string Header = """
        {"__metadata__":{"format":"pt"},"h.0.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"h.1.bias":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]},"mask":{"dtype":"BOOL","shape":[1,1,2,2],"data_offsets":[32,36]}}
        """;

    private const string Index = """
        {"metadata":{"total_size":48,"nested":{"a":1}},"weight_map":{"h.0.weight":"model-00001-of-00002.safetensors","h.1.bias":"model-00002-of-00002.safetensors"}}
        """;

    private static readonly string[] Parts =
    [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\\u0000",
        "\\ud800",
        "\0",
        "\"shape\":",
        "\"dtype\":",
        "\"data_offsets\":[0,8]",
        "\"a\":",
        "[[[[[[[[[[[[",
        "{\"a\":{\"a\":{\"a\":{",
        "9223372036854775807",
        "18446744073709551616",
        "-1",
        "1e999",
        "1.5",
        "0",
        "null",
        "true",
        "\"F64\"",
        "\"F8_E4M3\"",
        "__metadata__",
        "é",
        "   ",
    ];

    [Fact]
    public void Safetensors_headers()
    {
        byte[] header = Encoding.UTF8.GetBytes(Header);
        int read = Fuzz(
            100_000,
            1,
            random =>
            {
                byte[] damaged = Damage(header, random);
                byte[] file = new byte[8 + damaged.Length + 36];
                BinaryPrimitives.WriteUInt64LittleEndian(
                    file,
                    random.Next(20) == 0 ? (ulong)random.NextInt64() >> random.Next(63) : (ulong)damaged.Length
                );
                damaged.CopyTo(file, 8);
                return random.Next(20) == 0 ? file[..random.Next(file.Length)] : file;
            },
            stream => SafetensorsHeader.Read(stream)
        );
        Assert.InRange(read, 500, 30_000); // some damage does no harm; most does
    }

    [Fact]
    public void Indexes()
    {
        byte[] index = Encoding.UTF8.GetBytes(Index);
        int read = Fuzz(20_000, 2, random => Damage(index, random), stream => WeightIndex.Read(stream, ".safetensors"));
        Assert.InRange(read, 100, 12_000);
    }

    [Fact]
    public void Pickled_archives()
    {
        byte[] archive = Pickles.Archive(
            CompressionLevel.NoCompression,
            ("data.pkl", Pickles.Dictionary(("a", "0", 6, 0, [2, 2], [2, 1]), ("b", "0", 6, 4, [2, 1], [1, 7]))),
            ("byteorder", "little"u8.ToArray()),
            ("data/0", new byte[24])
        );
        int read = Fuzz(20_000, 3, random => Damage(archive, random), stream => PytorchArchive.Read(stream));
        Assert.InRange(read, 1_000, 15_000);
    }

    [Fact]
    public void Pickles_of_random_instructions()
    {
        byte[] pickle = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Golden", "hf", "gpt2-pytorch-bin", "pytorch_model.bin"));
        int start = pickle.AsSpan().IndexOf([(byte)0x80, (byte)2, (byte)'}']);
        byte[] code = pickle[start..(start + 600)];
        byte[] instructions = [0x80, .. "(})NKMJXcqrhjtsuQRb."u8, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a];
        Fuzz(
            20_000,
            4,
            random =>
            {
                byte[] damaged = random.Next(2) == 0 ? Damage(code, random) : new byte[random.Next(200)];
                for (int i = damaged.Length == code.Length ? damaged.Length : 0; i < damaged.Length; i++)
                    damaged[i] = random.Next(3) == 0 ? (byte)random.Next(4) : instructions[random.Next(instructions.Length)];
                return damaged;
            },
            stream => StatePickle.Read(stream.ToArray())
        );
    }

    /// <summary>Reads many inputs and returns how many were accepted.</summary>
    private static int Fuzz(int count, int seed, Func<Random, byte[]> make, Action<MemoryStream> read)
    {
        int accepted = 0;
        for (int i = 0; i < count; i++)
        {
            byte[] file = make(new Random((seed * 1_000_003) + i));
            using var stream = new MemoryStream(file);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read(stream);
                accepted++;
            }
            catch (InvalidDataException e)
            {
                Assert.Matches(@"byte \d", e.Message);
            }

            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < 200_000 + (64L * file.Length), $"input {i} of {file.Length} bytes took {allocated} bytes");
        }

        return accepted;
    }

    private static byte[] Damage(byte[] file, Random random)
    {
        var bytes = new List<byte>(file);
        for (int times = 1 + random.Next(3); times > 0; times--)
        {
            int at = random.Next(bytes.Count),
                length = Math.Min(1 + random.Next(12), bytes.Count - at);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(Parts[random.Next(Parts.Length)]));
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
                case 4 when bytes.Count > length:
                    bytes.RemoveRange(at, length);
                    break;
                default:
                    bytes.RemoveRange(at + 1, random.Next(10) == 0 ? bytes.Count - at - 1 : 0);
                    break;
            }
        }

        return [.. bytes];
    }
}
