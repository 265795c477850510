namespace VariationalBoN.Transformers.Decoders;

/// <summary>The names of the families in configurations. Stateless, thread-safe.</summary>
internal static class LlamaFamilies
{
    private static readonly (string Type, string Architecture, LlamaFamily Family)[] All =
    [
        ("llama", "LlamaForCausalLM", LlamaFamily.Llama),
        ("mistral", "MistralForCausalLM", LlamaFamily.Mistral),
        ("qwen2", "Qwen2ForCausalLM", LlamaFamily.Qwen2),
        ("qwen3", "Qwen3ForCausalLM", LlamaFamily.Qwen3),
    ];

    internal static IEnumerable<string> Names => All.Select(entry => entry.Type);

    internal static LlamaFamily? Find(string type) =>
        All.Where(entry => entry.Type == type).Select(entry => (LlamaFamily?)entry.Family).FirstOrDefault();

    internal static (string Type, string Architecture) Of(LlamaFamily family)
    {
        var entry = All.FirstOrDefault(entry => entry.Family == family);
        return entry.Type is null
            ? throw new ArgumentOutOfRangeException(nameof(family), family, "It must be one of the named families.")
            : (entry.Type, entry.Architecture);
    }
}
