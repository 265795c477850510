using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using VariationalBoN.BestOfN;

namespace VariationalBoN.Tests.BestOfN;

/// <summary>Generated and mutated files for every reader: a table, or <see cref="InvalidDataException"/> with file and place; nothing else, and no memory out of proportion.</summary>
[Trait("Tier", "fast")]
public sealed class ReferenceReaderFuzzTests : StoreFixture
{
    private static readonly string[] s_fragments =
    [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\n", "\r\n", "\0", "null", "true", "-", "1e999", "1e-999", "0.1", "2147483648", "-1", "NaN", "\\ud800", "\uFEFF", " ",
        "\"prompt\"", "\"rewards\"", "\"reward\"", "\"text\"", "\"responses\"", "\"tokens\"", "\"promptTokens\"", "\"finishReasons\"", "\"logReference\"", "\"excluded\"",
        "\"first\"", "\"following\"", "\"check\"", "\"provenance\"", "\"seed\"", "\"moreSeeds\"", "\"components\"", "\"Stopped\"", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    ];

    private static readonly int s_inputs = Environment.GetEnvironmentVariable("VARIATIONALBON_FUZZ_INPUTS") is string inputs ? int.Parse(inputs, System.Globalization.CultureInfo.InvariantCulture) : 20_000;

    [Fact]
    public void Table_file()
    {
        string path = Named("table.jsonl");
        new ReferenceTable([Samples("a", 0, 2), Samples("b", 0, 2, excluded: 1), new("c", [1.5], ["yes"])], Provenance).Save(path);
        byte[] seed = File.ReadAllBytes(path), perSample = Encoding.UTF8.GetBytes("""{"prompt":"a","text":"a b","reward":1}""" + "\n" + """{"prompt":"a","text":"a c","reward":2.5}""" + "\n");
        byte[] unsealed = [.. seed[..(Array.IndexOf(seed, (byte)'\n') - 28)], (byte)'}'];
        unsealed = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(unsealed).Replace("\"following\":2,", "", StringComparison.Ordinal));
        Fuzz(s_inputs / 4, path, [seed, unsealed, perSample], input => ReferenceTableFile.Read(new MemoryStream(input), path).Prompts.Sum(prompt => prompt.Rewards.Length));
    }

    [Fact]
    public void Records() => FuzzFile(ReferenceCompression.None, "samples.jsonl", s_inputs / 4);

    [Fact]
    public void Packed_records() => FuzzFile(ReferenceCompression.Gzip, "samples.jsonl.gz", s_inputs / 4);

    /// <summary>Records whose seal is right, so that what is behind it meets what no writer of ours wrote.</summary>
    [Fact]
    public void Sealed_records()
    {
        Make(ReferenceCompression.None);
        string path = Data(Folder);
        byte[] seed = File.ReadAllBytes(path);
        byte[] first = seed[..(Array.IndexOf(seed, (byte)'\n') - 28)]; // without its seal
        Fuzz(s_inputs / 8, path, [[.. first, (byte)'}']], input => Read(path, input), json => json.Length == 0 ? [] : RecordSeal.Close(json));
    }

    [Fact]
    public void Side_file() => FuzzFile(ReferenceCompression.None, "rewards.index", s_inputs / 16);

    /// <summary>Side files whose checksum is right, so that what is behind it meets what no writer of ours wrote.</summary>
    [Fact]
    public void Sealed_side_file()
    {
        Make(ReferenceCompression.None);
        string path = Path.Combine(Folder, "rewards.index");
        byte[] seed = File.ReadAllBytes(path);
        Assert.Equal(seed, Sealed([.. seed]));
        Fuzz(s_inputs / 16, path, [seed], input => Read(path, input), Sealed);

        static byte[] Sealed(byte[] index)
        {
            if (index.Length < Unsafe.SizeOf<ReferenceIndexLayout.Header>())
                return index;
            ref var header = ref MemoryMarshal.AsRef<ReferenceIndexLayout.Header>(index.AsSpan());
            header.Length = index.Length;
            header.Check = default;
            SHA256.HashData([.. index[Unsafe.SizeOf<ReferenceIndexLayout.Header>()..], .. index[..Unsafe.SizeOf<ReferenceIndexLayout.Header>()]], header.Check);
            return index;
        }
    }

    [Fact]
    public void Manifest() => FuzzFile(ReferenceCompression.None, "manifest.json", s_inputs / 16);

    private void FuzzFile(ReferenceCompression compression, string name, int inputs)
    {
        Make(compression);
        string path = Path.Combine(Folder, name);
        Fuzz(inputs, path, [File.ReadAllBytes(path)], input => Read(path, input));
    }

    private void Make(ReferenceCompression compression)
    {
        using var store = Open(Folder, compression);
        store.Append([Samples("a", 0, 2), Samples("b", 0, 2, excluded: 1)]);
        store.Append([Samples("a", 2, 2)], 2);
        store.AsTable().Dispose();
    }

    private int Read(string path, byte[] input)
    {
        File.WriteAllBytes(path, input);
        if (Path.GetFileName(path).StartsWith("samples", StringComparison.Ordinal))
            File.Delete(Path.Combine(Folder, "rewards.index")); // so that records are read, however many there are
        using var table = ReferenceTable.Load(Folder);
        return table.Prompts.Sum(prompt => prompt.Rewards.Length + prompt.Responses.Length + prompt.Samples.Length + prompt.Excluded);
    }

    private static void Fuzz(int inputs, string path, byte[][] seeds, Func<byte[], int> read, Func<byte[], byte[]>? finish = null)
    {
        var random = new Random(17);
        int refused = 0, accepted = 0;
        for (int i = 0; i < inputs; i++)
        {
            byte[] input = Mutate(random, seeds[random.Next(seeds.Length)]);
            byte[] content = finish is null ? input : finish(input);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read(content);
                accepted++;
            }
            catch (InvalidDataException e)
            {
                Assert.Contains(Path.GetDirectoryName(path)!, e.Message);
                refused++;
            }
            catch (Exception e)
            {
                Assert.Fail($"Input {i} ({Convert.ToBase64String(input)}): {e}");
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, (8 << 20) + (200L * input.Length));
        }

        Assert.True(accepted > 0 && accepted + refused == inputs, $"{accepted} accepted, {refused} refused");
    }

    private static byte[] Mutate(Random random, byte[] seed)
    {
        var bytes = new List<byte>(random.Next(20) == 0 ? [] : seed);
        for (int edits = random.Next(5); edits > 0; edits--) // none: what is whole must be read
        {
            int at = random.Next(bytes.Count + 1), length = Math.Min(random.Next(1, 40), bytes.Count - at);
            switch (random.Next(6))
            {
                case 0:
                    bytes.RemoveRange(at, length);
                    break;
                case 1:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
                case 2:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(s_fragments[random.Next(s_fragments.Length)]));
                    break;
                case 3 when length > 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 4:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    for (int k = 0; k < length; k++)
                        bytes[at + k] = (byte)random.Next(256);
                    break;
            }
        }

        return [.. bytes];
    }
}
