namespace VariationalBoN.Transformers.Decoders;

/// <summary>How rotary frequencies are stretched to sequences longer than those of pretraining (<c>rope_type</c>).</summary>
public enum RotaryScaling
{
    /// <summary>The frequencies are not stretched (<c>default</c>).</summary>
    None,

    /// <summary>Every frequency is divided by the factor (<c>linear</c>).</summary>
    Linear,

    /// <summary>Low frequencies are divided by the factor, high ones kept, those between interpolated (<c>llama3</c>).</summary>
    Llama3,
}
