using TorchSharp;
using VariationalBoN.Transformers.Classifiers;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Pretrained;
using VariationalBoN.Weights;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Transformers.Classifiers;

/// <summary>Against the answers of transformers 4.57 for tiny random classifiers (Golden/hf).</summary>
[Trait("Tier", "torch")]
[Trait("Kernels", "any")]
public sealed class SequenceClassifierTests
{
    public static TheoryData<string> Cases => ["bert-classifier", "distilbert-classifier", "gpt2-reward", "llama-reward"];

    public static TheoryData<string> Encoders => ["bert-classifier", "distilbert-classifier"];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_are_those_of_transformers(string name)
    {
        using var golden = new ClassifierCase(name);
        foreach (var (ids, logits) in golden.Rows)
            ClassifierCase.RequireEqual(logits, golden.Logits([ids], ids.Length, 0)[0]);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_in_a_batch_depend_neither_on_the_amount_nor_on_the_content_of_padding(string name)
    {
        using var golden = new ClassifierCase(name);
        int[][] sequences = [.. golden.Rows.Select(row => row.Ids)];
        foreach (int padding in new[] { 0, 3, 7 })
        {
            double[][] logits = golden.Logits(sequences, 40, padding);
            for (int row = 0; row < sequences.Length; row++)
                ClassifierCase.RequireEqual(golden.Rows[row].Logits, logits[row]);
        }
    }

    /// <summary>By the types themselves, where a program does not load a whole directory.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void A_configuration_is_saved_read_and_made_into_a_network_of_its_shape(string name)
    {
        using var golden = new ClassifierCase(name);
        string file = Path.Combine(golden.Folder, "config.json"),
            copy = Path.GetTempFileName();
        try
        {
            using SequenceClassifier made = golden.Classifier switch
            {
                BertClassifier bert => Saved(BertClassifierConfig.Load(file), bert.Config, copy, BertClassifierConfig.Load, Bert),
                DistilBertClassifier distilBert => Saved(
                    DistilBertClassifierConfig.Load(file),
                    distilBert.Config,
                    copy,
                    DistilBertClassifierConfig.Load,
                    config => new DistilBertClassifier(config, seed: 3)
                ),
                DecoderClassifier decoder => OfDecoder(DecoderClassifierConfig.Load(file), decoder.Config, copy),
                var other => throw new InvalidOperationException($"{other} is no family of these tests."),
            };
            Assert.Equal(golden.Classifier.Labels.AsEnumerable(), made.Labels);
            Assert.Equal(
                (golden.Classifier.IndependentLabels, golden.Classifier.VocabularySize, golden.Classifier.MaxLength),
                (made.IndependentLabels, made.VocabularySize, made.MaxLength)
            );
            Assert.Equal(golden.Classifier.named_parameters().Select(Shape).Order(), made.named_parameters().Select(Shape).Order());
        }
        finally
        {
            File.Delete(copy);
        }

        static BertClassifier Bert(BertClassifierConfig config) => new(config, seed: 3);

        static SequenceClassifier Saved<T>(T read, T expected, string copy, Func<string, T> load, Func<T, SequenceClassifier> create)
            where T : EncoderConfig
        {
            read.Save(copy);
            T again = load(copy);
            Assert.Equal(expected with { Labels = [] }, read with { Labels = [] });
            Assert.Equal(read with { Labels = [] }, again with { Labels = [] });
            return create(again);
        }

        static DecoderClassifier OfDecoder(DecoderClassifierConfig read, DecoderClassifierConfig expected, string copy)
        {
            read.Save(copy);
            DecoderClassifierConfig again = DecoderClassifierConfig.Load(copy);
            Assert.Equal((expected.Decoder, expected.IndependentLabels), (read.Decoder, read.IndependentLabels));
            Assert.Equal((read.Decoder, read.PaddingToken), (again.Decoder, again.PaddingToken));
            return new DecoderClassifier(again, seed: 3);
        }

        static string Shape((string name, TorchSharp.Modules.Parameter parameter) named) =>
            $"{named.name} {string.Join(' ', named.parameter.shape)}";
    }

    [Theory]
    [MemberData(nameof(Encoders))]
    public void Token_zero_counts_where_the_length_says_so(string name)
    {
        using var golden = new ClassifierCase(name);
        int[] ids = golden.Rows[0].Ids;
        double[] longer = golden.Logits(
            [
                [.. ids, 0, 0],
            ],
            ids.Length + 2,
            0
        )[0];
        Assert.True(Math.Abs(longer[0] - golden.Rows[0].Logits[0]) > 1e-3, "two real tokens with the padding's id changed nothing");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Saved_weights_are_the_file_of_the_reference_implementation(string name)
    {
        using var golden = new ClassifierCase(name);
        string saved = Path.GetTempFileName();
        Safetensors.Save(saved, golden.Classifier, new Dictionary<string, string> { ["format"] = "pt" });
        Assert.Equal(File.ReadAllBytes(Path.Combine(golden.Folder, "model.safetensors")), File.ReadAllBytes(saved));
        File.Delete(saved);
    }

    [Theory]
    [InlineData("bert-classifier", "bert.embeddings.position_ids")]
    [InlineData("distilbert-classifier", "distilbert.embeddings.position_ids")]
    [InlineData("gpt2-reward", "transformer.h.0.attn.bias")]
    [InlineData("llama-reward", "model.layers.0.self_attn.rotary_emb.inv_freq")]
    public void Buffers_of_older_files_are_passed_over_and_nothing_else_is(string name, string buffer)
    {
        using var golden = new ClassifierCase(name);
        using var scope = NewDisposeScope();
        string folder = Directory.CreateTempSubdirectory("classifier").FullName;
        var weights = golden.Classifier.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.detach() * 2);
        using var other = ClassifierFamilies.Create(File.ReadAllText(Path.Combine(golden.Folder, "config.json")), new RandomParameters(3));
        string file = Path.Combine(folder, "model.safetensors");

        Safetensors.Save(file, weights.Append(new(buffer, zeros([1, 4], ScalarType.Int64))).ToDictionary());
        HuggingFaceWeights.Load(folder, other, other.Names);
        Assert.All(other.named_parameters(), p => Assert.True(p.parameter.eq(weights[p.name]).all().item<bool>(), p.name));

        Safetensors.Save(file, weights.Append(new("surplus.weight", zeros(1))).ToDictionary());
        Assert.Contains(
            "surplus.weight",
            Assert.Throws<InvalidDataException>(() => HuggingFaceWeights.Load(folder, other, other.Names)).Message,
            StringComparison.Ordinal
        );
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_parameter_gets_a_gradient(string name)
    {
        using var golden = new ClassifierCase(name);
        using var scope = NewDisposeScope();
        golden
            .Classifier.Logits(
                tensor(golden.Rows[0].Ids.Select(id => (long)id).ToArray(), [1, golden.Rows[0].Ids.Length]),
                [golden.Rows[0].Ids.Length]
            )
            .square()
            .sum()
            .backward();
        // the same shift of all keys changes no attention, so the bias of keys has no gradient but rounding
        var moved = golden
            .Classifier.named_parameters()
            .Where(p => !p.name.EndsWith("key.bias", StringComparison.Ordinal) && !p.name.EndsWith("k_lin.bias", StringComparison.Ordinal));
        Assert.All(moved, p => Assert.True(p.parameter.grad!.abs().sum().item<float>() > 1e-6, p.name));
    }

    [Theory]
    [InlineData(new long[] { 1, 65 }, new[] { 65 }, "1 to 64")]
    [InlineData(new long[] { 1, 3 }, new[] { 4 }, "Length 0 is 4")]
    [InlineData(new long[] { 2, 3 }, new[] { 3, 0 }, "Length 1 is 0")]
    [InlineData(new long[] { 2, 3 }, new[] { 3 }, "with 1 lengths")]
    public void Sequences_that_do_not_fit_are_refused(long[] shape, int[] lengths, string named)
    {
        using var golden = new ClassifierCase("bert-classifier");
        using var tokens = zeros(shape, ScalarType.Int64);
        Assert.Contains(
            named,
            Assert.Throws<ArgumentException>(() => golden.Classifier.Logits(tokens, lengths)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Labels_are_those_of_the_configuration()
    {
        using var golden = new ClassifierCase("distilbert-classifier");
        Assert.Equal(["NEGATIVE", "POSITIVE"], golden.Classifier.Labels.ToArray());
        Assert.Equal(1, golden.Classifier.IndexOf("POSITIVE"));
        Assert.Contains(
            "NEGATIVE, POSITIVE",
            Assert.Throws<ArgumentException>(() => golden.Classifier.IndexOf("positive")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Classifier_made_in_a_dispose_scope_survives_it_and_moves_to_another_type()
    {
        var config = new BertClassifierConfig
        {
            VocabularySize = 9,
            MaxLength = 4,
            Width = 8,
            Layers = 1,
            Heads = 2,
            InnerWidth = 6,
        };
        BertClassifier classifier;
        using (NewDisposeScope())
            classifier = new BertClassifier(config, 3);
        using (NewDisposeScope())
        using (no_grad())
        {
            var tokens = zeros([2, 3], ScalarType.Int64);
            double single = classifier.Logits(tokens, [3, 2])[0, 0].item<float>();
            classifier.to(ScalarType.Float64);
            Assert.Equal(single, classifier.Logits(tokens, [3, 2])[0, 0].item<double>(), 1e-5 * Math.Abs(single));
        }

        classifier.Dispose();
    }
}
