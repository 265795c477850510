using VariationalBoN.Policies;
using VariationalBoN.Tests.Transformers.Classifiers;
using VariationalBoN.Transformers.Classifiers;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;
using static VariationalBoN.Tests.Transformers.Decoders.NaiveDecoders;

namespace VariationalBoN.Tests.Transformers.Decoders;

/// <summary>Settings that no golden case covers, as transformers writes them into <c>config.json</c>,
/// against <see cref="NaiveModel"/>.</summary>
[Trait("Tier", "torch")]
public sealed class NaiveModelTests
{
    private const string Llama =
        "\"vocab_size\":29,\"hidden_size\":24,\"intermediate_size\":20,\"max_position_embeddings\":32,\"num_attention_heads\":4,\"num_hidden_layers\":2,\"head_dim\":6";
    private static readonly int[] s_ids = [3, 17, 0, 28, 5, 5, 9, 11, 2, 1, 20];

    [Theory]
    [InlineData("", 48, "gelu_new", 1e-5, true)]
    [InlineData(
        ",\"n_inner\":20,\"activation_function\":\"gelu\",\"layer_norm_epsilon\":0.01,\"tie_word_embeddings\":false",
        20,
        "gelu",
        0.01,
        false
    )]
    [InlineData(",\"activation_function\":\"quick_gelu\",\"reorder_and_upcast_attn\":true,\"n_ctx\":8", 48, "quick_gelu", 1e-5, true)]
    public void Gpt2(string settings, int inner, string activation, double epsilon, bool tied)
    {
        using var model = Create(
            $$"""{"model_type":"gpt2","vocab_size":29,"n_positions":16,"n_embd":12,"n_layer":2,"n_head":3{{settings}}}"""
        );
        Assert.Equal(inner, model.named_parameters().Single(pair => pair.name == "h.1.mlp.c_fc.bias").parameter.numel());
        RequireSame(model, m => NaiveDecoders.Gpt2(m, s_ids, 2, 3, activation, epsilon, tied));
    }

    [Theory]
    [InlineData("", true, 2, 1e4, 1, false)]
    [InlineData(
        ",\"use_parallel_residual\":false,\"attention_bias\":false,\"rotary_pct\":1.0,\"hidden_act\":\"gelu_new\"",
        false,
        8,
        1e4,
        1,
        false,
        "gelu_new"
    )]
    [InlineData(
        ",\"use_parallel_residual\":false,\"rotary_pct\":0.55,\"rotary_emb_base\":500,\"tie_word_embeddings\":true",
        false,
        4,
        500,
        1,
        true
    )]
    [InlineData(
        ",\"rope_parameters\":{\"rope_type\":\"linear\",\"factor\":4.0,\"rope_theta\":100.0,\"partial_rotary_factor\":0.75}",
        true,
        6,
        100,
        4,
        false
    )]
    public void GptNeoX(string settings, bool parallel, int rotated, double theta, double factor, bool tied, string activation = "gelu")
    {
        using var model = Create(
            $$"""{"model_type":"gpt_neox","vocab_size":29,"hidden_size":24,"intermediate_size":20,"max_position_embeddings":16,"num_attention_heads":3,"num_hidden_layers":2,"layer_norm_eps":0.001{{settings}}}"""
        );
        RequireSame(
            model,
            m => NaiveDecoders.GptNeoX(m, s_ids, 2, 3, activation, 0.001, parallel, Frequencies(rotated, theta, factor), tied)
        );
    }

    [Theory]
    [InlineData("llama", "", 4)]
    [InlineData("llama", ",\"num_key_value_heads\":null,\"attention_bias\":true,\"mlp_bias\":true", 4)]
    [InlineData(
        "llama",
        ",\"num_key_value_heads\":1,\"rope_theta\":50,\"rope_scaling\":{\"type\":\"linear\",\"factor\":2.5},\"rms_norm_eps\":0.01,\"tie_word_embeddings\":true",
        1,
        50,
        2.5,
        0.01,
        true
    )]
    [InlineData("llama", ",\"num_key_value_heads\":2,\"hidden_act\":\"relu\"", 2, 1e4, 1, 1e-6, false, "relu")]
    [InlineData("mistral", ",\"num_key_value_heads\":null,\"sliding_window\":3", 4, 1e4, 1, 1e-6, false, "silu", 3)]
    [InlineData(
        "mistral",
        ",\"num_key_value_heads\":2,\"sliding_window\":1,\"tie_word_embeddings\":true",
        2,
        1e4,
        1,
        1e-6,
        true,
        "silu",
        1
    )]
    [InlineData(
        "qwen2",
        ",\"num_key_value_heads\":2,\"use_sliding_window\":true,\"sliding_window\":4,\"max_window_layers\":1",
        2,
        1e4,
        1,
        1e-6,
        false,
        "silu",
        4,
        1
    )]
    [InlineData("qwen2", ",\"num_key_value_heads\":null,\"use_sliding_window\":false,\"sliding_window\":4,\"max_window_layers\":0", 4)]
    [InlineData(
        "qwen3",
        ",\"num_key_value_heads\":2,\"attention_bias\":true,\"use_sliding_window\":true,\"sliding_window\":2,\"layer_types\":[\"full_attention\",\"sliding_attention\"]",
        2,
        1e4,
        1,
        1e-6,
        false,
        "silu",
        2,
        1
    )]
    [InlineData("qwen3", ",\"num_key_value_heads\":1,\"rope_parameters\":{\"rope_type\":\"default\",\"rope_theta\":7.0}", 1, 7)]
    public void LlamaAndItsKin(
        string type,
        string settings,
        int keyHeads,
        double theta = 1e4,
        double factor = 1,
        double epsilon = 1e-6,
        bool tied = false,
        string activation = "silu",
        int window = 0,
        int first = 0
    )
    {
        using var model = Create($$"""{"model_type":"{{type}}",{{Llama}}{{settings}}}""");
        RequireSame(
            model,
            m =>
                NaiveDecoders.Llama(
                    m,
                    s_ids,
                    2,
                    4,
                    keyHeads,
                    6,
                    activation,
                    epsilon,
                    Frequencies(6, theta, factor),
                    type == "qwen3",
                    layer => window > 0 && layer >= first ? window : null,
                    tied
                )
        );
    }

    [Theory]
    [InlineData("", "gelu", 1e-12)]
    [InlineData(
        ",\"hidden_act\":\"gelu_new\",\"layer_norm_eps\":0.01,\"type_vocab_size\":1,\"num_labels\":1,\"problem_type\":\"regression\"",
        "gelu_new",
        0.01
    )]
    [InlineData(
        ",\"hidden_act\":\"relu\",\"type_vocab_size\":4,\"id2label\":{\"0\":\"a\",\"1\":\"b\",\"2\":\"c\"},\"problem_type\":\"multi_label_classification\",\"classifier_dropout\":0.3",
        "relu",
        1e-12
    )]
    public void Bert(string settings, string activation, double epsilon) =>
        RequireSameLabels(
            $$"""{"model_type":"bert","vocab_size":29,"hidden_size":12,"intermediate_size":20,"max_position_embeddings":16,"num_attention_heads":3,"num_hidden_layers":2{{settings}}}""",
            (m, ids) => NaiveEncoders.Bert(m, ids, 2, 3, activation, epsilon)
        );

    [Theory]
    [InlineData("", "gelu")]
    [InlineData(",\"activation\":\"relu\",\"num_labels\":5,\"sinusoidal_pos_embds\":true,\"seq_classif_dropout\":0.5", "relu")]
    public void DistilBert(string settings, string activation) =>
        RequireSameLabels(
            $$"""{"model_type":"distilbert","vocab_size":29,"dim":12,"hidden_dim":20,"max_position_embeddings":16,"n_heads":3,"n_layers":2{{settings}}}""",
            (m, ids) => NaiveEncoders.DistilBert(m, ids, 2, 3, activation)
        );

    /// <summary>Two sequences of one padded batch.</summary>
    private static void RequireSameLabels(string json, Func<NaiveModel, int[], double[]> reference)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using var classifier = ClassifierFamilies.Create(json, new RandomParameters(1));
        classifier.eval();
        var naive = new NaiveModel(classifier, 6);
        long[] ids = Array.ConvertAll(s_ids, id => (long)id);
        var logits = classifier.Logits(tensor([.. ids, .. ids], [2, ids.Length]), [ids.Length, 4]);
        foreach ((int row, int length) in new[] { (0, ids.Length), (1, 4) })
        {
            double[] expected = reference(naive, s_ids[..length]);
            float[] actual = logits[row].data<float>().ToArray();
            Assert.Equal(expected.Length, actual.Length);
            for (int label = 0; label < actual.Length; label++)
                Assert.Equal(expected[label], actual[label], 1e-5 * expected.Max(Math.Abs));
        }
    }

    private static CausalTransformer Create(string json) => CausalTransformerConfig.FromJson(json).Create(1);

    /// <summary>The whole pass and the way through the cache, token by token.</summary>
    private static void RequireSame(CausalTransformer model, Func<NaiveModel, double[][]> reference)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        model.eval();
        var naive = new NaiveModel(model, 5);
        var expected = reference(naive);
        double largest = expected.Max(row => row.Max(Math.Abs));
        Assert.True(largest > 1);
        long[] ids = Array.ConvertAll(s_ids, id => (long)id);
        var whole = model.forward(tensor(ids, [1, ids.Length]));
        for (int t = 0; t < ids.Length; t++)
            RequireRow(expected[t], whole[0, t]);
        using var decoding = model.StartDecoding(tensor(ids[..2], [1, 2]), [2], ids.Length - 2, out var logits);
        for (int t = 2; t < ids.Length; t++)
        {
            RequireRow(expected[t - 1], logits[0]);
            logits = decoding.Append(tensor(ids[t..(t + 1)]));
        }

        RequireRow(expected[^1], logits[0]);
        RequireLayers();

        void RequireLayers()
        {
            ILayerDecoder layered = model;
            int width = naive.Streams[0][0].Length;
            Assert.Equal(naive.Streams.Count, layered.LayerCount);
            largest = naive.Streams.Max(stream => stream.Max(row => row.Max(Math.Abs)));
            var all = layered.HiddenStatesAt(tensor(ids, [1, ids.Length]), arange(ids.Length), [1, 0]);
            using var steps = layered.StartHiddenDecoding(tensor(ids[..2], [1, 2]), [2], ids.Length - 2, [1, 0], out var told);
            for (int t = 0; t < ids.Length; t++)
            {
                if (t >= 2)
                    told = steps.Append(tensor(ids[t..(t + 1)]));
                foreach ((int place, int layer) in new[] { (1, 1), (2, 0) })
                {
                    RequireRow(naive.Streams[layer][t], all[t].narrow(0, place * width, width));
                    if (t >= 1)
                        RequireRow(naive.Streams[layer][t], told[0].narrow(0, place * width, width));
                }
            }
        }

        void RequireRow(double[] wanted, Tensor row)
        {
            float[] actual = row.data<float>().ToArray();
            Assert.Equal(wanted.Length, actual.Length);
            for (int v = 0; v < actual.Length; v++)
                Assert.Equal(wanted[v], actual[v], 1e-5 * largest);
        }
    }
}
