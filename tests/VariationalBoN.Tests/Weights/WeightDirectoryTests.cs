using System.IO.Compression;
using System.Text.Json.Nodes;
using VariationalBoN.Transformers.Pretrained;
using VariationalBoN.Weights;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Weights;

/// <summary>Directories of Hugging Face as transformers 4.57 saved them (Golden/hf), and faulty ones.</summary>
[Trait("Tier", "torch")]
public sealed class WeightDirectoryTests : IDisposable
{
    private static readonly WeightNames Gpt2Names = new("transformer.", "lm_head.weight", "wte.weight", ".attn.bias", ".attn.masked_bias");
    private readonly string _folder = Directory.CreateTempSubdirectory("weights").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("gpt2", ScalarType.Float32)]
    [InlineData("gpt2-bf16", ScalarType.Float32)]
    [InlineData("gpt2-bf16", ScalarType.BFloat16)]
    [InlineData("gpt2-hub-layout", ScalarType.Float32)]
    [InlineData("gpt2-hub-layout", ScalarType.Float64)]
    [InlineData("gpt2-reward", ScalarType.Float32)]
    [InlineData("pythia-hub-layout-f16", ScalarType.Float32)]
    [InlineData("llama-sharded-bf16", ScalarType.Float32)]
    [InlineData("llama-sharded-bf16", ScalarType.BFloat16)]
    public void Saved_files_are_the_loaded_ones_byte_for_byte(string name, ScalarType type)
    {
        string directory = Golden(name);
        using var module = FileModule.For(directory, Names(name), type);
        var layout = HuggingFaceWeights.Load(directory, module, Names(name));
        WeightWriter.Write(_folder, module.state_dict(), layout, layout.Files[0].Tensors[0].Type);
        string[] files = [.. Directory.GetFiles(directory, "model*").Select(file => Path.GetFileName(file)).Order()];
        Assert.Equal(files, Directory.GetFiles(_folder).Select(file => Path.GetFileName(file)).Order());
        Assert.All(
            files,
            file => Assert.Equal(File.ReadAllBytes(Path.Combine(directory, file)), File.ReadAllBytes(Path.Combine(_folder, file)))
        );
    }

    [Fact]
    public void Pickled_weights_have_the_bytes_of_the_archive_and_are_saved_as_safetensors()
    {
        string directory = Golden("gpt2-pytorch-bin");
        using var module = FileModule.For(directory, Gpt2Names);
        var layout = HuggingFaceWeights.Load(directory, module, Gpt2Names);
        var tensors = module.state_dict();
        using (var archive = ZipFile.OpenRead(Path.Combine(directory, "pytorch_model.bin")))
        {
            Assert.Equal(Content(archive, "data/0"), tensors["wte.weight"].bytes.ToArray());
            Assert.Equal(Content(archive, "data/1"), tensors["wpe.weight"].bytes.ToArray());
            Assert.Equal(Content(archive, "data/27"), tensors["ln_f.bias"].bytes.ToArray());
        }

        WeightWriter.Write(_folder, tensors, layout, null);
        using var again = FileModule.For(_folder, Gpt2Names);
        HuggingFaceWeights.Load(_folder, again, Gpt2Names);
        Assert.All(again.state_dict(), pair => Assert.Equal(tensors[pair.Key].bytes.ToArray(), pair.Value.bytes.ToArray()));
        using var file = new WeightFile(Path.Combine(_folder, "model.safetensors"));
        Assert.Contains(file.Entries, entry => entry.Name == "transformer.wte.weight");
    }

    [Fact]
    public void Another_type_is_written_on_request()
    {
        string directory = Golden("llama-sharded-bf16");
        using var module = FileModule.For(directory, Names("llama"));
        var layout = HuggingFaceWeights.Load(directory, module, Names("llama"));
        WeightWriter.Write(_folder, module.state_dict(), layout, ScalarType.Float32);
        using var weights = new WeightDirectory(_folder);
        Assert.All(weights.Files.SelectMany(file => file.Entries), entry => Assert.Equal(ScalarType.Float32, entry.Type));
        Assert.Equal((77040 * 4, 77040), ((int)weights.Shards!.Metadata["total_size"]!, (int)weights.Shards.Metadata["total_parameters"]!));
    }

    [Fact]
    public void Module_that_came_from_no_file_is_split_at_the_size_asked_for()
    {
        using var module = new FileModule([
            ("wte.weight", [10, 4]),
            ("h.0.attn.weight", [4, 4]),
            ("h.1.attn.weight", [4, 4]),
            ("lm_head.weight", [10, 4]),
        ]);
        WeightWriter.Write(_folder, module.state_dict(), WeightLayout.For(module.state_dict(), Gpt2Names, 160), null);
        string[] expected =
        [
            "model-00001-of-00003.safetensors",
            "model-00002-of-00003.safetensors",
            "model-00003-of-00003.safetensors",
            "model.safetensors.index.json",
        ];
        Assert.Equal(expected, Directory.GetFiles(_folder).Select(file => Path.GetFileName(file)).Order());
        var index = JsonNode.Parse(File.ReadAllText(Path.Combine(_folder, expected[3])))!;
        Assert.Equal(expected[0], (string?)index["weight_map"]!["transformer.wte.weight"]);
        Assert.Equal(expected[1], (string?)index["weight_map"]!["transformer.h.0.attn.weight"]);
        Assert.Equal(expected[1], (string?)index["weight_map"]!["transformer.h.1.attn.weight"]);
        Assert.Equal(expected[2], (string?)index["weight_map"]!["lm_head.weight"]);
        HuggingFaceWeights.Load(_folder, module, Gpt2Names);
    }

    [Theory]
    [InlineData("wte.weight,lm_head.weight", 1f, true)]
    [InlineData("transformer.wte.weight,lm_head.weight", 1f, true)]
    [InlineData("lm_head.weight", 1f, true)]
    [InlineData("wte.weight,lm_head.weight", 2f, false)]
    [InlineData("wte.weight,transformer.wte.weight", 2f, false)]
    public void Weight_under_two_names_must_have_equal_values(string names, float second, bool fits)
    {
        using var scope = NewDisposeScope();
        string[] parts = names.Split(',');
        var tensors = parts
            .Select((name, i) => (name, value: full([3, 2], i == 0 ? 1f : second)))
            .ToDictionary(pair => pair.name, pair => pair.value);
        Safetensors.Save(Path.Combine(_folder, "model.safetensors"), tensors);
        using var module = new FileModule([("wte.weight", [3, 2])]);
        if (!fits)
        {
            string message = Assert.Throws<InvalidDataException>(() => HuggingFaceWeights.Load(_folder, module, Gpt2Names)).Message;
            Assert.All(parts, name => Assert.Contains(name, message, StringComparison.Ordinal));
            Assert.Equal(0, module.state_dict()["wte.weight"].sum().item<float>());
            return;
        }

        var layout = HuggingFaceWeights.Load(_folder, module, Gpt2Names);
        Assert.Equal(6, module.state_dict()["wte.weight"].sum().item<float>());
        byte[] before = File.ReadAllBytes(Path.Combine(_folder, "model.safetensors"));
        WeightWriter.Write(_folder, module.state_dict(), layout with { Files = [layout.Files[0] with { Name = "again" }] }, null);
        using var again = new WeightFile(Path.Combine(_folder, "again"));
        Assert.Equal(parts.Order(StringComparer.Ordinal), again.Entries.Select(entry => entry.Name));
        Assert.Equal(before[^24..], File.ReadAllBytes(again.Path)[^24..]);
    }

    [Fact]
    public void Layout_of_another_module_is_refused_by_name()
    {
        using var module = new FileModule([("wte.weight", [3, 2])]);
        using var other = new FileModule([("wte.weight", [2, 2]), ("bias", [1])]);
        var layout = WeightLayout.For(module.state_dict(), Gpt2Names, long.MaxValue);
        string message = Assert.Throws<ArgumentException>(() => WeightWriter.Write(_folder, other.state_dict(), layout, null)).Message;
        Assert.Contains("bias has no place", message, StringComparison.Ordinal);
        Assert.Contains("wte.weight of shape [3, 2] is not in the module", message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Theory]
    [InlineData("", "holds no weights")]
    [InlineData("model.safetensors,model.safetensors.index.json", "both model.safetensors and model.safetensors.index.json")]
    [InlineData("pytorch_model.bin,pytorch_model.bin.index.json", "both pytorch_model.bin and pytorch_model.bin.index.json")]
    public void Missing_and_ambiguous_files_are_named(string files, string named)
    {
        foreach (string file in files.Split(',', StringSplitOptions.RemoveEmptyEntries))
            File.WriteAllText(Path.Combine(_folder, file), "{}");
        RequireRefusal(named, _folder);
    }

    [Theory]
    [InlineData("""{"weight_map":{"a":"model-1.safetensors","b":"../elsewhere.safetensors"}}""", "'../elsewhere.safetensors'")]
    [InlineData("""{"weight_map":{"a":"/etc/passwd.safetensors"}}""", "'/etc/passwd.safetensors'")]
    [InlineData("""{"weight_map":{"a":"c:\\x.safetensors"}}""", "not the name of a .safetensors file")]
    [InlineData("""{"weight_map":{"a":"config.json"}}""", "not the name of a .safetensors file")]
    [InlineData("""{"weight_map":{"a":"model-1.safetensors","b":"model-3.safetensors"}}""", "not there: model-3.safetensors")]
    [InlineData(
        """{"weight_map":{"a":"model-1.safetensors","twin":"model-1.safetensors","b":"model-2.safetensors"}}""",
        "twin is in both model-1.safetensors and model-2.safetensors"
    )]
    [InlineData("""{"weight_map":{"a":"model-1.safetensors","c":"model-1.safetensors"}}""", "c is not in model-1.safetensors")]
    [InlineData("""{"weight_map":{"b":"model-2.safetensors","c":"model-2.safetensors"}}""", "c is not in model-2.safetensors")]
    [InlineData("""{"weight_map":{"c":"model-1.safetensors"}}""", "a is in model-1.safetensors, which the index does not say")]
    [InlineData("""{"weight_map":{"a":"model-1.safetensors","a":"model-1.safetensors"}}""", "listed twice")]
    [InlineData("""{"weight_map":{"a":7}}""", "not valid")]
    [InlineData("""{"weight_map":{"a":{"b":{"c":{"d":1}}}}}""", "not valid")]
    [InlineData("""{"weight_map":{"a":"model-1.safetensors"}} x""", "not valid")]
    [InlineData("""{"metadata":{}}""", "no weight_map")]
    [InlineData("""{"metadata":{},"metadata":{}}""", "listed twice")]
    public void Faulty_index_is_refused(string json, string named)
    {
        using var scope = NewDisposeScope();
        Safetensors.Save(
            Path.Combine(_folder, "model-1.safetensors"),
            new Dictionary<string, Tensor> { ["a"] = ones(1), ["twin"] = ones(1) }
        );
        Safetensors.Save(
            Path.Combine(_folder, "model-2.safetensors"),
            new Dictionary<string, Tensor> { ["b"] = ones(1), ["twin"] = ones(1) }
        );
        string path = Path.Combine(_folder, "model.safetensors.index.json");
        File.WriteAllText(path, json);
        RequireRefusal(named, path);
    }

    private void RequireRefusal(string named, string path)
    {
        using var module = new FileModule([("a", [1])]);
        string message = Assert.ThrowsAny<Exception>(() => HuggingFaceWeights.Load(_folder, module, Gpt2Names)).Message;
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.Contains(path, message, StringComparison.Ordinal);
    }

    private static byte[] Content(ZipArchive archive, string name)
    {
        using var stream = archive.GetEntry($"pytorch_model/{name}")!.Open();
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }

    private static string Golden(string name) => Path.Combine(AppContext.BaseDirectory, "Golden", "hf", name);

    private static WeightNames Names(string directory) =>
        directory.Split('-')[0] switch
        {
            "gpt2" => Gpt2Names,
            "pythia" => new(
                "gpt_neox.",
                "embed_out.weight",
                "embed_in.weight",
                ".attention.bias",
                ".attention.masked_bias",
                ".rotary_emb.inv_freq"
            ),
            _ => new("model.", "lm_head.weight", "embed_tokens.weight", ".rotary_emb.inv_freq"),
        };
}
