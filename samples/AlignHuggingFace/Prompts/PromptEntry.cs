using VariationalBoN;

namespace AlignHuggingFace.Prompts;

/// <summary>A prompt and where it stands.</summary>
/// <param name="Prompt">The prompt; null where the place holds nothing but blanks.</param>
/// <param name="Place">The place in its file, such as "line 7".</param>
internal readonly record struct PromptEntry(Prompt? Prompt, string Place);
