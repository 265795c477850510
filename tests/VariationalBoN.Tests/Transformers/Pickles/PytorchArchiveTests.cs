using System.IO.Compression;
using VariationalBoN.Transformers.Pickles;
using static VariationalBoN.Tests.Transformers.Pickles.Pickles;

namespace VariationalBoN.Tests.Transformers.Pickles;

[Trait("Tier", "fast")]
public sealed class PytorchArchiveTests
{
    private static readonly byte[] SixFloats = new byte[24];

    [Fact]
    public void Views_of_one_storage_are_found_where_they_lie()
    {
        byte[] content = [.. Enumerable.Range(0, 24).Select(i => (byte)i)];
        byte[] archive = Archive(
            CompressionLevel.NoCompression,
            ("data.pkl", Dictionary(("a", "0", 6, 0, [2, 2], [2, 1]), ("b", "0", 6, 4, [2, 1], [1, 7]))),
            ("data/0", content)
        );
        var entries = PytorchArchive.Read(new MemoryStream(archive));
        Assert.Equal(["a", "b"], entries.Select(entry => entry.Name));
        Assert.Equal([2, 2], entries[0].Shape);
        Assert.Equal(content[..16], archive.AsSpan((int)entries[0].Offset, (int)entries[0].Bytes).ToArray());
        Assert.Equal(content[16..], archive.AsSpan((int)entries[1].Offset, (int)entries[1].Bytes).ToArray());
    }

    [Theory]
    [InlineData("posix", "system")]
    [InlineData("builtins", "eval")]
    [InlineData("torch", "load")]
    [InlineData("collections", "Counter")]
    public void Call_of_anything_else_is_refused_by_name(string module, string name) =>
        RequireRefusal($"'{module}.{name}'", CompressionLevel.NoCompression, ("data.pkl", Call(module, name, "touch owned")));

    [Fact]
    public void Tensor_outside_its_storage_is_refused()
    {
        RequireRefusal("does not fit its storage of 6 elements", Pickle(("a", "0", 6, 0, [7], [1])), ("data/0", SixFloats));
        RequireRefusal("does not fit its storage of 6 elements", Pickle(("a", "0", 6, 3, [4], [1])), ("data/0", SixFloats));
        RequireRefusal("does not fit its storage of 6 elements", Pickle(("a", "0", 6, -1, [4], [1])), ("data/0", SixFloats));
        RequireRefusal(
            "has 1000000000 elements of type Float32, but 24 bytes",
            Pickle(("a", "0", 1_000_000_000, 0, [4], [1])),
            ("data/0", SixFloats)
        );
        RequireRefusal("no entry 'model/data/1'", Pickle(("a", "1", 6, 0, [4], [1])), ("data/0", SixFloats));
        RequireRefusal("impossible shape", Pickle(("a", "0", 6, 0, [-4], [1])), ("data/0", SixFloats));
    }

    [Fact]
    public void Tensor_in_another_order_is_refused_with_the_remedy() =>
        RequireRefusal("save_pretrained", Pickle(("a", "0", 6, 0, [2, 3], [1, 2])), ("data/0", SixFloats));

    [Fact]
    public void Tensor_that_is_listed_twice_is_refused() =>
        RequireRefusal("listed twice", Pickle(("a", "0", 6, 0, [6], [1]), ("a", "0", 6, 0, [6], [1])), ("data/0", SixFloats));

    [Fact]
    public void Compressed_archive_is_refused() =>
        RequireRefusal("compressed", CompressionLevel.Optimal, Pickle(("a", "0", 10_000, 0, [6], [1])), ("data/0", new byte[40_000]));

    [Fact]
    public void Big_endian_archive_is_refused() =>
        RequireRefusal("big-endian", Pickle(("a", "0", 6, 0, [6], [1])), ("data/0", SixFloats), ("byteorder", "big"u8.ToArray()));

    [Fact]
    public void Other_files_are_refused()
    {
        Assert.Contains(
            "no zip archive",
            Assert.Throws<InvalidDataException>(() => PytorchArchive.Read(new MemoryStream(new byte[100]))).Message,
            StringComparison.Ordinal
        );
        RequireRefusal("no entry data.pkl", ("data/0", SixFloats));
    }

    private static void RequireRefusal(string named, params (string, byte[])[] entries) =>
        RequireRefusal(named, CompressionLevel.NoCompression, entries);

    private static void RequireRefusal(string named, CompressionLevel level, params (string, byte[])[] entries)
    {
        byte[] archive = Archive(level, entries);
        string message = Assert.Throws<InvalidDataException>(() => PytorchArchive.Read(new MemoryStream(archive))).Message;
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.Contains("byte ", message, StringComparison.Ordinal);
    }

    private static (string, byte[]) Pickle(
        params (string Name, string Storage, int Count, int Offset, int[] Shape, int[] Strides)[] tensors
    ) => ("data.pkl", Dictionary(tensors));
}
