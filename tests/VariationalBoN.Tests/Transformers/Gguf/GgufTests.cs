using System.Buffers.Binary;
using System.Text;
using VariationalBoN.Tests.Transformers.Decoders;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Gguf;
using VariationalBoN.Transformers.Lora;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Transformers.Gguf;

/// <summary>GGUF files: read back by llama.cpp, which computes the same by code of its own; and by the layout of the format.</summary>
[Trait("Tier", "torch")]
public sealed class GgufTests : IDisposable
{
    /// <summary>Of the largest logit. llama.cpp takes GELU and SiLU from float32 arithmetic or,
    /// for GELU, from a table in float16.</summary>
    private const double Tolerance = 1e-4,
        GeluTolerance = 3e-3,
        HalfTolerance = 5e-3,
        QuantizedTolerance = 3e-2;

    private static readonly string[] s_texts =
    [
        "The quick brown fox jumps over the lazy dog.",
        "It's 2026, isn't it? They'll see 12345 things.",
        "  two  spaces\n\nand lines\t.",
        "na\u00efve caf\u00e9 \u4e2d\u6587 \U0001f600",
        " leading",
    ];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("gguf-");

    private string File => Path.Combine(_folder.FullName, "model.gguf");

    public void Dispose() => _folder.Delete(recursive: true);

    [LlamaCppTheory]
    [InlineData("gpt2")]
    [InlineData("llama2")]
    [InlineData("llama3")]
    [InlineData("mistral")]
    [InlineData("qwen2")]
    [InlineData("qwen3")]
    public void Llama_cpp_computes_the_same_logits_and_the_same_greedy_continuation(string name)
    {
        using var model = PretrainedCausalLm.Load(GoldenCase.FolderOf(name));
        int[] tokens = new GoldenCase(name).Rows.MaxBy(row => row.Ids.Length)!.Ids;
        foreach (
            (GgufType type, double tolerance) in new[]
            {
                (GgufType.F32, name == "gpt2" ? GeluTolerance : Tolerance),
                (GgufType.F16, HalfTolerance),
                (GgufType.Q8, QuantizedTolerance),
            }
        )
        {
            model.SaveGguf(File, type);
            using var peer = new LlamaCpp(File, model.Model.MaxLength);
            float[][] ours = Logits(model.Model, tokens),
                theirs = peer.Logits(tokens);
            double largest = ours.Max(row => row.Max(MathF.Abs));
            Assert.All(
                ours.Zip(theirs),
                pair => Assert.All(pair.First.Zip(pair.Second), both => Assert.Equal(both.First, both.Second, tolerance * largest))
            );
            if (type == GgufType.F32)
                Assert.Equal(
                    Greedy(tokens[..4], prefix => Logits(model.Model, prefix)[^1]),
                    Greedy(tokens[..4], prefix => peer.Logits(prefix)[^1])
                );
        }
    }

    [LlamaCppTheory]
    [InlineData("gpt2")]
    [InlineData("llama2")]
    [InlineData("llama3")]
    [InlineData("qwen2")]
    public void Llama_cpp_reads_texts_as_the_same_tokens(string name)
    {
        using var model = PretrainedCausalLm.Load(GoldenCase.FolderOf(name));
        model.SaveGguf(File);
        using var peer = new LlamaCpp(File, model.Model.MaxLength);
        Assert.All(s_texts, text => Assert.Equal(model.Tokenizer.Encode(text), peer.Tokenize(text, addSpecial: true)));
        Assert.Equal(model.Tokenizer.EosId, (int?)peer.Weights.Vocab.EOS);
        string[] special = [.. model.Tokenizer.SpecialTokens.Values.Distinct()];
        Assert.All(
            special,
            token => Assert.Equal(model.Tokenizer.Encode(token, addSpecialTokens: false), peer.Tokenize(token, addSpecial: false))
        );
    }

    [Fact]
    public void A_chat_template_is_in_the_file()
    {
        string folder = Path.Combine(_folder.FullName, "chat");
        Directory.CreateDirectory(folder);
        foreach (string file in Directory.GetFiles(GoldenCase.FolderOf("llama3")))
            System.IO.File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        const string Template = "{% for message in messages %}[{{ message.role }}] {{ message.content }}\n{% endfor %}";
        System.IO.File.WriteAllText(Path.Combine(folder, "chat_template.jinja"), Template);
        using var model = PretrainedCausalLm.Load(folder);
        model.SaveGguf(File);
        Assert.Contains(
            $"tokenizer.chat_template\u0008\0\0\0{(char)Template.Length}\0\0\0\0\0\0\0{Template}",
            Encoding.Latin1.GetString(System.IO.File.ReadAllBytes(File)),
            StringComparison.Ordinal
        );
    }

    [LlamaCppFact]
    public void A_model_without_tokenizer_is_read_by_its_numbers()
    {
        var config = new LlamaConfig
        {
            VocabularySize = 40,
            MaxLength = 32,
            Width = 32,
            Layers = 2,
            Heads = 4,
            KeyValueHeads = 2,
            HeadSize = 8,
            InnerWidth = 64,
            AttentionBias = true,
            MlpBias = true,
            Rotary = new RotaryConfig { Scaling = RotaryScaling.Linear, Factor = 2 },
        };
        using var model = PretrainedCausalLm.Create(config, seed: 5);
        using (no_grad())
        {
            foreach (
                var (name, bias) in model.Model.named_parameters().Where(pair => pair.name.EndsWith(".bias", StringComparison.Ordinal))
            )
                nn.init.uniform_(bias, -0.1, 0.1);
        }

        model.SaveGguf(File, GgufType.F32);
        using var peer = new LlamaCpp(File, 32);
        int[] tokens = [3, 1, 4, 1, 5, 9, 2, 6, 39, 0, 7, 7];
        float[][] ours = Logits(model.Model, tokens),
            theirs = peer.Logits(tokens);
        double largest = ours.Max(row => row.Max(MathF.Abs));
        Assert.All(
            ours.Zip(theirs),
            pair => Assert.All(pair.First.Zip(pair.Second), both => Assert.Equal(both.First, both.Second, Tolerance * largest))
        );
    }

    [Fact]
    public void The_program_of_the_page_merges_adapters_and_writes_the_three_types()
    {
        string directory = GoldenCase.FolderOf("llama3"),
            folder = _folder.FullName;
        // snippet: program
        using var model = PretrainedCausalLm.Load(directory);
        using CausalTransformer adapted = model.Model.WithLora(new LoraOptions { Rank = 8 }); // the policy that was trained
        using CausalTransformer merged = adapted.MergeLora();
        model.SaveGguf(Path.Combine(folder, "aligned-f32.gguf"), GgufType.F32, merged);
        model.SaveGguf(Path.Combine(folder, "aligned-f16.gguf"), GgufType.F16, merged);
        model.SaveGguf(Path.Combine(folder, "aligned-q8.gguf"), GgufType.Q8, merged);
        // end snippet
        long full = new FileInfo(Path.Combine(folder, "aligned-f32.gguf")).Length,
            half = new FileInfo(Path.Combine(folder, "aligned-f16.gguf")).Length;
        Assert.InRange((double)half / full, 0.4, 0.7);
        model.SaveGguf(File, GgufType.F32); // fresh adapters change nothing
        Assert.Equal(System.IO.File.ReadAllBytes(File), System.IO.File.ReadAllBytes(Path.Combine(folder, "aligned-f32.gguf")));
    }

    [Fact]
    public void Blocks_of_eight_bits_are_whole_steps_of_the_largest_over_127()
    {
        float[] values = [.. Enumerable.Range(0, 64).Select(i => i < 32 ? (i - 16) * 0.25f : 0)];
        byte[] bytes = new byte[GgufFormat.Quantized8.Bytes(64)];
        Assert.Equal(-1, GgufFormat.Quantized8.Convert(values, bytes));
        Assert.Equal(68, bytes.Length);
        double step = (double)BinaryPrimitives.ReadHalfLittleEndian(bytes);
        Assert.Equal(4.0 / 127, step, 2e-5);
        Assert.Equal(-127, (sbyte)bytes[2]);
        Assert.All(Enumerable.Range(0, 32), i => Assert.Equal(values[i], step * (sbyte)bytes[2 + i], 0.51 * step));
        Assert.All(bytes[34..], value => Assert.Equal(0, value));
    }

    [Fact]
    public void A_weight_too_large_for_float16_is_named_and_nothing_is_written()
    {
        using var model = PretrainedCausalLm.Create(TinyDecoders.Configs["gpt2"], seed: 1);
        using (no_grad())
            model.Model.get_parameter("wte.weight")!.view(-1)[5] = tensor(70_000f);
        var fault = Assert.Throws<ArgumentException>(() => model.SaveGguf(File));
        Assert.Contains("5 of token_embd.weight", fault.Message, StringComparison.Ordinal);
        Assert.Contains("70000", fault.Message, StringComparison.Ordinal);
        Assert.Empty(_folder.GetFiles());
        model.SaveGguf(File, GgufType.F32);
        Assert.True(System.IO.File.Exists(File));
    }

    [Fact]
    public void What_llama_cpp_does_not_compute_is_refused_by_its_setting()
    {
        Refused("mistral", "sliding_window");
        Refused("pythia", "gpt_neox");
        var scaled = new RotaryConfig
        {
            Scaling = RotaryScaling.Llama3,
            Factor = 8,
            OriginalMaxLength = 16,
        };
        Refused((LlamaConfig)TinyDecoders.Configs["qwen2"] with { SlidingWindow = null, Rotary = scaled }, "llama3");
        Refused((LlamaConfig)TinyDecoders.Configs["qwen3"] with { Rotary = scaled }, "llama3");
        Refused(
            new Gpt2Config
            {
                VocabularySize = 23,
                MaxLength = 24,
                Width = 16,
                Layers = 2,
                Heads = 2,
                Activation = "gelu",
            },
            "activation_function"
        );
        using var model = PretrainedCausalLm.Create(TinyDecoders.Configs["gpt2"], seed: 1);
        using var adapted = model.Model.WithLora(new LoraOptions { Rank = 2 });
        Assert.Contains(
            "MergeLora",
            Assert.Throws<NotSupportedException>(() => model.SaveGguf(File, model: adapted)).Message,
            StringComparison.Ordinal
        );
        using var other = TinyDecoders.Create("llama");
        Assert.Throws<ArgumentException>(() => model.SaveGguf(File, model: other));
        Assert.Contains("9", Assert.Throws<ArgumentException>(() => model.SaveGguf(File, (GgufType)9)).Message, StringComparison.Ordinal);
        Assert.Empty(_folder.GetFiles());

        void Refused(object config, string named)
        {
            using var model = PretrainedCausalLm.Create(config as CausalTransformerConfig ?? TinyDecoders.Configs[(string)config], seed: 1);
            Assert.Contains(named, Assert.Throws<NotSupportedException>(() => model.SaveGguf(File)).Message, StringComparison.Ordinal);
        }
    }

    private static float[][] Logits(CausalTransformer model, int[] tokens)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        float[] all = model.forward(tensor(Array.ConvertAll(tokens, token => (long)token), [1, tokens.Length])).data<float>().ToArray();
        return [.. all.Chunk(model.VocabularySize)];
    }

    private static List<int> Greedy(int[] prompt, Func<int[], float[]> logits)
    {
        List<int> tokens = [.. prompt];
        for (int i = 0; i < 12; i++)
        {
            float[] next = logits([.. tokens]);
            tokens.Add(Array.IndexOf(next, next.Max()));
        }

        return tokens;
    }
}
