using System.Diagnostics;
using System.IO.Compression;
using System.Text.Json.Nodes;
using VariationalBoN.Tests.Transformers.Decoders;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.ChatTemplates;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Lora;
using static VariationalBoN.Tests.Transformers.Pickles.Pickles;

namespace VariationalBoN.Tests.Transformers.Pretrained;

/// <summary>Directories that ask for more memory than they have weights for, or that are not made of files.</summary>
[Trait("Tier", "torch")]
public sealed class HostileDirectoryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hostile-").FullName;

    private string Model => Path.Combine(_folder, "model");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("config.json", "/dev/zero")]
    [InlineData("config.json", "pipe")]
    [InlineData("config.json", "folder")]
    [InlineData("config.json", "out")]
    [InlineData("model.safetensors", "/dev/zero")]
    [InlineData("model.safetensors", "pipe")]
    [InlineData("model.safetensors", "folder")]
    [InlineData("model.safetensors", "out")]
    [InlineData("model.safetensors", "empty")]
    [InlineData("tokenizer.json", "/dev/zero")]
    [InlineData("tokenizer.json", "pipe")]
    [InlineData("tokenizer.json", "out")]
    [InlineData("tokenizer.json", "empty")]
    [InlineData("generation_config.json", "/dev/zero")]
    [InlineData("chat_template.jinja", "out")]
    public void What_is_no_file_of_the_directory_is_refused(string name, string what)
    {
        if (OperatingSystem.IsWindows())
            return;
        Copy("gpt2");
        Put(Path.Combine(Model, name), what);
        Exception refused = Assert.ThrowsAny<Exception>(() => PretrainedCausalLm.Load(Model).Dispose());
        Assert.True(refused is InvalidDataException or IOException, refused.ToString());
        Assert.Contains(Model, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/dev/zero")]
    [InlineData("pipe")]
    [InlineData("out")]
    public void Chat_template_that_is_no_file_of_the_directory_is_refused(string what)
    {
        if (OperatingSystem.IsWindows())
            return;
        Directory.CreateDirectory(Path.Combine(Model, "additional_chat_templates"));
        File.WriteAllText(Path.Combine(Model, "chat_template.jinja"), "{{ messages }}");
        string more = Path.Combine(Model, "additional_chat_templates", "tool.jinja");
        Put(more, what);
        if (what != "pipe")
            Assert.Contains(more, Assert.Throws<InvalidDataException>(() => ChatTemplate.Load(Model)).Message, StringComparison.Ordinal);
        else
            ChatTemplate.Load(Model); // empty, as a file without content is
    }

    [Theory]
    [InlineData("chat_template.jinja")]
    [InlineData("config.json")]
    public void File_beyond_the_bound_is_refused(string name)
    {
        Copy("gpt2");
        using (var file = new FileStream(Path.Combine(Model, name), FileMode.Create))
            file.SetLength(300 << 20);
        Assert.Contains(
            "at most",
            Assert.Throws<InvalidDataException>(() => PretrainedCausalLm.Load(Model)).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("../x.safetensors")]
    [InlineData("/etc/x.safetensors")]
    [InlineData("C:\\x.safetensors")]
    [InlineData("..")]
    [InlineData("")]
    [InlineData(".x.safetensors")]
    public void Index_that_names_a_file_elsewhere_is_refused(string file)
    {
        Copy("llama-sharded-bf16");
        string index = Path.Combine(Model, "model.safetensors.index.json");
        JsonNode json = JsonNode.Parse(File.ReadAllText(index))!;
        json["weight_map"]!.AsObject().First().Value!.ReplaceWith(file);
        File.WriteAllText(index, json.ToJsonString());
        Assert.Contains(index, Assert.Throws<InvalidDataException>(() => PretrainedCausalLm.Load(Model)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Shard_that_is_a_link_out_is_refused()
    {
        Copy("llama-sharded-bf16");
        string shard = Directory.GetFiles(Model, "model-*.safetensors").Order(StringComparer.Ordinal).First(),
            away = Path.Combine(_folder, "away");
        File.Move(shard, away);
        File.CreateSymbolicLink(shard, away);
        Assert.Contains(
            "outside of the directory",
            Assert.Throws<InvalidDataException>(() => PretrainedCausalLm.Load(Model)).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(0)] // all of them the same view
    [InlineData(1)] // each of them moved by one element
    public void Pickle_with_many_views_of_one_storage_gets_no_memory_for_each(int moved)
    {
        const int Layers = 400,
            Width = 256;
        int storage = (4 * Width * Width) + (Layers * 12 * moved);
        var config = new Gpt2Config
        {
            VocabularySize = 16,
            MaxLength = 16,
            Width = Width,
            Layers = Layers,
            Heads = 2,
        };
        var tensors = new List<(string, string, int, int, int[], int[])>();
        int at = 0;
        foreach ((string name, int[] shape) in Shapes(config))
        {
            tensors.Add((name, "0", storage, at, shape, shape.Length == 1 ? [1] : [shape[1], 1]));
            at += moved;
        }

        Directory.CreateDirectory(Model);
        config.Save(Path.Combine(Model, "config.json"));
        File.WriteAllBytes(
            Path.Combine(Model, "pytorch_model.bin"),
            Archive(CompressionLevel.NoCompression, ("data.pkl", Dictionary([.. tensors])), ("data/0", new byte[4 * storage]))
        );

        string message = Assert.Throws<InvalidDataException>(() => PretrainedCausalLm.Load(Model)).Message;

        Assert.Contains("do not belong together", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"r\": 3", "\"r\": 1000000")]
    [InlineData("\"rank_pattern\": {}", "\"rank_pattern\": {\".*\": 2147483647}")]
    public void Adapter_of_a_rank_beyond_its_file_gets_no_memory(string what, string by)
    {
        using var model = TinyDecoders.Create("gpt2");
        using (var adapted = model.WithLora(new LoraOptions { Rank = 3 }))
            adapted.SaveLora(Model);
        string config = Path.Combine(Model, "adapter_config.json"),
            json = File.ReadAllText(config);
        Assert.Contains(what, json, StringComparison.Ordinal);
        File.WriteAllText(config, json.Replace(what, by, StringComparison.Ordinal));

        string message = Assert.Throws<InvalidDataException>(() => model.LoadLora(Model)).Message;

        Assert.StartsWith(config, message, StringComparison.Ordinal);
        Assert.Contains("rank", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("adapter_config.json")]
    [InlineData("adapter_model.safetensors")]
    public void Adapter_that_is_a_link_out_or_a_device_is_refused(string name)
    {
        if (OperatingSystem.IsWindows())
            return;
        using var model = TinyDecoders.Create("gpt2");
        using (var adapted = model.WithLora())
            adapted.SaveLora(Model);
        foreach (string what in new[] { "out", "/dev/zero", "pipe" })
        {
            Put(Path.Combine(Model, name), what);
            Assert.Contains(name, Assert.Throws<InvalidDataException>(() => model.LoadLora(Model)).Message, StringComparison.Ordinal);
        }
    }

    private static IEnumerable<(string Name, int[] Shape)> Shapes(Gpt2Config config)
    {
        int width = config.Width;
        yield return ("wte.weight", [config.VocabularySize, width]);
        yield return ("wpe.weight", [config.MaxLength, width]);
        for (int layer = 0; layer < config.Layers; layer++)
        {
            foreach (string norm in new[] { "ln_1", "ln_2" })
            {
                yield return ($"h.{layer}.{norm}.weight", [width]);
                yield return ($"h.{layer}.{norm}.bias", [width]);
            }

            foreach (
                (string name, int inputs, int outputs) in new[]
                {
                    ("attn.c_attn", width, 3 * width),
                    ("attn.c_proj", width, width),
                    ("mlp.c_fc", width, 4 * width),
                    ("mlp.c_proj", 4 * width, width),
                }
            )
            {
                yield return ($"h.{layer}.{name}.weight", [inputs, outputs]);
                yield return ($"h.{layer}.{name}.bias", [outputs]);
            }
        }

        yield return ("ln_f.weight", [width]);
        yield return ("ln_f.bias", [width]);
    }

    private void Copy(string name)
    {
        Directory.CreateDirectory(Model);
        foreach (string file in Directory.GetFiles(GoldenCase.FolderOf(name)))
            File.Copy(file, Path.Combine(Model, Path.GetFileName(file)));
    }

    private void Put(string path, string what)
    {
        File.Delete(path);
        string away = Path.Combine(_folder, $"away {Guid.NewGuid():N}");
        File.WriteAllText(away, "{}");
        if (what == "pipe")
            Process.Start("mkfifo", [path]).WaitForExit();
        else if (what == "folder")
            Directory.CreateDirectory(path);
        else if (what == "empty")
            File.WriteAllText(path, "");
        else
            File.CreateSymbolicLink(path, what == "out" ? away : what);
    }
}
