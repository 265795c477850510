namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>What a tokenizer's class in transformers does to a decoded text, beyond its decoder.</summary>
internal enum ClassDecoding
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The model's suffix at the end of words becomes a space, and white space goes off both ends.</summary>
    Clip,

    /// <summary>Time stamps such as &lt;|0.98|&gt; go out, and with the special tokens a prompt before the transcript.</summary>
    Whisper,
}
