namespace VariationalBoN.Transformers.Decoders;

/// <summary>The families of which <see cref="Llama"/> is the architecture.</summary>
public enum LlamaFamily
{
    /// <summary>Llama 2 and 3, SmolLM, TinyLlama and others (<c>model_type</c> <c>llama</c>).</summary>
    Llama,

    /// <summary>Mistral (<c>mistral</c>): as Llama, with a window over the last tokens where asked for.</summary>
    Mistral,

    /// <summary>Qwen 2 and 2.5 (<c>qwen2</c>): as Llama, with biases on queries, keys and values.</summary>
    Qwen2,

    /// <summary>Qwen 3 (<c>qwen3</c>): as Llama, with normalised queries and keys.</summary>
    Qwen3,
}
