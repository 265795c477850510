using static VariationalBoN.Tests.Transformers.Decoders.NaiveModel;

namespace VariationalBoN.Tests.Transformers.Decoders;

/// <summary>Logits [T][V] of a sequence by <see cref="NaiveModel"/>, for each family of decoders. Sizes and settings are those of
/// <c>config.json</c>, read by the test itself.</summary>
internal static class NaiveDecoders
{
    internal static double[][] Gpt2(NaiveModel m, int[] ids, int layers, int heads, string activation, double epsilon, bool tied)
    {
        var x = Add(m.Rows("wte.weight", ids), m.Rows("wpe.weight", Enumerable.Range(0, ids.Length)));
        int width = x[0].Length,
            size = width / heads;
        for (int l = 0; l < layers; l++)
        {
            m.Streams.Add(x);
            var qkv = m.Linear($"h.{l}.attn.c_attn", m.LayerNorm($"h.{l}.ln_1", x, epsilon), inputFirst: true);
            var mixed = Concat(
                Enumerable
                    .Range(0, heads)
                    .Select(h =>
                        Attend(
                            Part(qkv, h * size, size),
                            Part(qkv, width + (h * size), size),
                            Part(qkv, (2 * width) + (h * size), size),
                            Causal
                        )
                    )
            );
            x = Add(x, m.Linear($"h.{l}.attn.c_proj", mixed, inputFirst: true));
            var hidden = Map(m.Linear($"h.{l}.mlp.c_fc", m.LayerNorm($"h.{l}.ln_2", x, epsilon), inputFirst: true), Activation(activation));
            x = Add(x, m.Linear($"h.{l}.mlp.c_proj", hidden, inputFirst: true));
        }

        return m.Linear(tied ? "wte" : "lm_head", m.LayerNorm("ln_f", x, epsilon));
    }

    internal static double[][] GptNeoX(
        NaiveModel m,
        int[] ids,
        int layers,
        int heads,
        string activation,
        double epsilon,
        bool parallel,
        double[] frequencies,
        bool tied
    )
    {
        var x = m.Rows("embed_in.weight", ids);
        int size = x[0].Length / heads;
        for (int l = 0; l < layers; l++)
        {
            m.Streams.Add(x);
            var qkv = m.Linear($"layers.{l}.attention.query_key_value", m.LayerNorm($"layers.{l}.input_layernorm", x, epsilon));
            var mixed = Concat(
                Enumerable
                    .Range(0, heads)
                    .Select(h =>
                        Attend(
                            Rotate(Part(qkv, 3 * h * size, size), frequencies),
                            Rotate(Part(qkv, ((3 * h) + 1) * size, size), frequencies),
                            Part(qkv, ((3 * h) + 2) * size, size),
                            Causal
                        )
                    )
            );
            var attended = m.Linear($"layers.{l}.attention.dense", mixed);
            var input = parallel ? x : Add(x, attended);
            var hidden = Map(
                m.Linear($"layers.{l}.mlp.dense_h_to_4h", m.LayerNorm($"layers.{l}.post_attention_layernorm", input, epsilon)),
                Activation(activation)
            );
            x = Add(Add(x, attended), m.Linear($"layers.{l}.mlp.dense_4h_to_h", hidden));
        }

        return m.Linear(tied ? "embed_in" : "embed_out", m.LayerNorm("final_layer_norm", x, epsilon));
    }

    /// <summary>Where <c>window</c> gives the window of a layer, null for none.</summary>
    internal static double[][] Llama(
        NaiveModel m,
        int[] ids,
        int layers,
        int heads,
        int keyHeads,
        int size,
        string activation,
        double epsilon,
        double[] frequencies,
        bool normalised,
        Func<int, int?> window,
        bool tied
    )
    {
        var x = m.Rows("embed_tokens.weight", ids);
        for (int l = 0; l < layers; l++)
        {
            m.Streams.Add(x);
            string path = $"layers.{l}.self_attn";
            int? most = window(l);
            var input = m.RmsNorm($"layers.{l}.input_layernorm", x, epsilon);
            (double[][] q, double[][] k, double[][] v) = (
                m.Linear($"{path}.q_proj", input),
                m.Linear($"{path}.k_proj", input),
                m.Linear($"{path}.v_proj", input)
            );
            double[][] Turned(double[][] all, int head, string norm)
            {
                var part = Part(all, head * size, size);
                return Rotate(normalised ? m.RmsNorm($"{path}.{norm}", part, epsilon) : part, frequencies);
            }

            var mixed = Concat(
                Enumerable
                    .Range(0, heads)
                    .Select(h =>
                        Attend(
                            Turned(q, h, "q_norm"),
                            Turned(k, h / (heads / keyHeads), "k_norm"),
                            Part(v, h / (heads / keyHeads) * size, size),
                            (t, s) => s <= t && (most is null || t - s < most)
                        )
                    )
            );
            x = Add(x, m.Linear($"{path}.o_proj", mixed));
            input = m.RmsNorm($"layers.{l}.post_attention_layernorm", x, epsilon);
            var gate = Map(m.Linear($"layers.{l}.mlp.gate_proj", input), Activation(activation));
            x = Add(x, m.Linear($"layers.{l}.mlp.down_proj", Multiply(gate, m.Linear($"layers.{l}.mlp.up_proj", input))));
        }

        return m.Linear(tied ? "embed_tokens" : "lm_head", m.RmsNorm("norm", x, epsilon));
    }

    /// <summary>theta^(-2i / R) / factor.</summary>
    internal static double[] Frequencies(int rotated, double theta, double factor = 1) =>
        [.. Enumerable.Range(0, rotated / 2).Select(i => Math.Pow(theta, -2.0 * i / rotated) / factor)];

    private static bool Causal(int t, int s) => s <= t;
}
