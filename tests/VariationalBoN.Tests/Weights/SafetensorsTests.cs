using System.Buffers.Binary;
using System.Text;
using TorchSharp.Modules;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Weights;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Weights;

[Trait("Tier", "torch")]
public sealed class SafetensorsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("safetensors").FullName;

    private string Target => Path.Combine(_folder, "weights.safetensors");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Save_load_save_gives_the_same_bytes()
    {
        var config = new Gpt2Config
        {
            VocabularySize = 11,
            MaxLength = 8,
            Width = 12,
            Layers = 2,
            Heads = 3,
        };
        using var first = new Gpt2(config, 1);
        using var second = new Gpt2(config, 2);
        Safetensors.Save(Target, first);
        Safetensors.Load(Target, second);
        string again = Path.Combine(_folder, "again");
        Safetensors.Save(again, second);
        Assert.Equal(File.ReadAllBytes(Target), File.ReadAllBytes(again));
    }

    [Fact]
    public void Some_tensors_are_read_by_their_names_and_others_refused()
    {
        using var scope = NewDisposeScope();
        Safetensors.Save(Target, new Dictionary<string, Tensor> { ["a"] = arange(3, float32), ["b"] = ones(2, 2) });
        Tensor a = zeros(3, float64),
            b = zeros(2, 2);

        Safetensors.Load(Target, new Dictionary<string, Tensor> { ["a"] = a, ["b"] = b });

        Assert.Equal([0.0, 1, 2], a.data<double>().ToArray());
        Assert.Equal([1f, 1, 1, 1], b.data<float>().ToArray());
        Assert.Contains(
            "b",
            Assert.Throws<InvalidDataException>(() => Safetensors.Load(Target, new Dictionary<string, Tensor> { ["a"] = a })).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void File_of_the_reference_implementation_is_written_again_byte_for_byte()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "Golden", "hf", "gpt2"),
            path = Path.Combine(folder, "model.safetensors");
        using var model = new Gpt2(Gpt2Config.Load(Path.Combine(folder, "config.json")), 1);
        Safetensors.Load(path, model, "transformer.");
        Safetensors.Save(
            Target,
            model.state_dict().ToDictionary(pair => $"transformer.{pair.Key}", pair => pair.Value),
            new Dictionary<string, string> { ["format"] = "pt" }
        );
        Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(Target));
    }

    [Theory]
    [InlineData(ScalarType.Float16, 1e-3)]
    [InlineData(ScalarType.BFloat16, 1e-2)]
    [InlineData(ScalarType.Float64, 1e-7)]
    public void Other_float_types_are_converted_to_the_parameters_type(ScalarType type, double tolerance)
    {
        using var scope = NewDisposeScope();
        float[] values = [1.2345f, -0.001f, 7, 0, 0.5f, -3.3f];
        Safetensors.Save(
            Target,
            new Dictionary<string, Tensor> { ["weight"] = tensor(values, [2, 3]).to(type), ["bias"] = zeros(2, type) }
        );
        var linear = nn.Linear(3, 2);
        Safetensors.Load(Target, linear);
        Assert.Equal(ScalarType.Float32, linear.weight!.dtype);
        float[] loaded = linear.weight.data<float>().ToArray();
        for (int i = 0; i < values.Length; i++)
            Assert.Equal(values[i], loaded[i], tolerance * (1 + Math.Abs(values[i])));
    }

    [Theory]
    [InlineData(ScalarType.Float32)] // read as it is
    [InlineData(ScalarType.Float16)] // widened
    [InlineData(ScalarType.Float64)] // converted by Torch
    public void A_weight_that_is_no_number_is_named_and_nothing_is_loaded(ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var model = new ThreeParameters(2_000_000);
        var spoilt = zeros(2_000_000, type);
        spoilt[1_999_999] = double.NaN;
        Safetensors.Save(
            Target,
            new Dictionary<string, Tensor>
            {
                ["a"] = ones(2, type),
                ["b"] = ones(2, type),
                ["c"] = spoilt,
            }
        );
        string message = Assert.Throws<InvalidDataException>(() => Safetensors.Load(Target, model)).Message;
        Assert.Contains("'c' holds NaN or infinity at element 1999999", message, StringComparison.Ordinal);
        Assert.Equal([0f, 0f], model.a.data<float>().ToArray());
        Assert.Equal([0f, 0f], model.b.data<float>().ToArray());
    }

    [Fact]
    public void Missing_extra_and_misshaped_tensors_are_all_named_and_nothing_is_loaded()
    {
        using var scope = NewDisposeScope();
        using var model = new ThreeParameters();
        Safetensors.Save(
            Target,
            new Dictionary<string, Tensor>
            {
                ["a"] = ones(2),
                ["b"] = ones(3),
                ["surplus"] = ones(1),
            }
        );
        string message = Assert.Throws<InvalidDataException>(() => Safetensors.Load(Target, model)).Message;
        Assert.Contains(Target, message, StringComparison.Ordinal);
        Assert.Contains("missing from the file: c", message, StringComparison.Ordinal);
        Assert.Contains("not in the module: surplus", message, StringComparison.Ordinal);
        Assert.Contains("b is [3] in the file and [2] in the module", message, StringComparison.Ordinal);
        Assert.Equal([0f, 0f], model.a.data<float>().ToArray());
    }

    [Fact]
    public void Failed_write_leaves_the_old_file_and_nothing_else()
    {
        using var scope = NewDisposeScope();
        Safetensors.Save(Target, new Dictionary<string, Tensor> { ["a"] = ones(2) });
        byte[] before = File.ReadAllBytes(Target);
        var disposed = ones(2);
        disposed.Dispose();
        Assert.ThrowsAny<Exception>(() => Safetensors.Save(Target, new Dictionary<string, Tensor> { ["a"] = ones(2), ["b"] = disposed }));
        Assert.Throws<ArgumentException>(() =>
            Safetensors.Save(Target, new Dictionary<string, Tensor> { ["a"] = ones(2, dtype: ScalarType.ComplexFloat32) })
        );
        Assert.Equal(before, File.ReadAllBytes(Target));
        Assert.Equal([Target], Directory.GetFiles(_folder));
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "hold")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 12, "file holds 12 bytes")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""",
        16,
        "listed twice"
    )]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}}""", 8, "twice")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""",
        12,
        "overlap"
    )]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "gap")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "needs 12 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "impossible shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}""", 8, "impossible shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "data offsets are 8 to 0")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""", 8, "1 data offsets")]
    [InlineData("""{"a":{"dtype":"F3","shape":[2],"data_offsets":[0,8]}}""", 8, "F3")]
    [InlineData("""{"a":{"shape":[2],"data_offsets":[0,8]}}""", 8, "no dtype")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}}""", 8, "not valid")]
    [InlineData("""{"a":7}""", 8, "not valid")]
    [InlineData("""{"a":""", 8, "not valid")]
    [InlineData("""[]""", 8, "'{'")]
    public void Damaged_header_is_refused(string header, int dataBytes, string named)
    {
        Write(Encoding.UTF8.GetBytes(header), (ulong)Encoding.UTF8.GetByteCount(header), dataBytes);
        RequireRefusal(named);
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData((ulong)long.MaxValue)]
    [InlineData(99_000_000UL)]
    public void Header_length_beyond_the_file_is_refused_without_allocating_it(ulong length)
    {
        Write("{}"u8.ToArray(), length, 0);
        long before = GC.GetAllocatedBytesForCurrentThread();
        RequireRefusal("the header claims");
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1_000_000);
    }

    [Fact]
    public void Empty_file_is_refused()
    {
        File.WriteAllBytes(Target, [1, 2]);
        RequireRefusal("2 bytes long");
    }

    private void RequireRefusal(string named)
    {
        using var model = new ThreeParameters();
        string message = Assert.Throws<InvalidDataException>(() => Safetensors.Load(Target, model)).Message;
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.Contains(Target, message, StringComparison.Ordinal);
    }

    private void Write(byte[] header, ulong length, int dataBytes)
    {
        byte[] prefix = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, length);
        File.WriteAllBytes(Target, [.. prefix, .. header, .. new byte[dataBytes]]);
    }

    private sealed class ThreeParameters : nn.Module
    {
        internal readonly Parameter a = nn.Parameter(zeros(2)),
            b = nn.Parameter(zeros(2)),
            c;

        internal ThreeParameters(long last = 2)
            : base(nameof(ThreeParameters))
        {
            c = nn.Parameter(zeros(last));
            RegisterComponents();
        }
    }
}
