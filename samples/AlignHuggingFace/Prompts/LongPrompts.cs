namespace AlignHuggingFace.Prompts;

/// <summary>What becomes of a prompt that leaves no room for a completion in the model's context.</summary>
internal enum LongPrompts
{
    /// <summary>Nothing is drawn; the message names the first.</summary>
    Refuse,

    /// <summary>It is left out.</summary>
    Skip,

    /// <summary>Its beginning is cut off.</summary>
    Truncate,
}
