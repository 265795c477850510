using System.Collections.Immutable;
using VariationalBoN.Transformers.Chat;
using VariationalBoN.Transformers.ChatTemplates;

namespace VariationalBoN.Transformers.Pretrained;

/// <summary>How a directory of a language model turns text into tokens and ends it: tokenizer, chat template, stop tokens, and what of them
/// may be a mistake. Immutable.</summary>
internal sealed class PretrainedText
{
    /// <summary>Reads them; a chat template that cannot be used is a warning.</summary>
    /// <exception cref="InvalidDataException">The tokenizer or the stop tokens cannot be read.</exception>
    internal PretrainedText(PretrainedFiles files, int vocabularySize)
    {
        Tokenizer = files.Tokenizer(vocabularySize);
        StopTokens = files.StopTokens(vocabularySize);
        var warnings = new List<string>();
        if (Tokenizer?.EosId is int end && end < vocabularySize && !StopTokens.Contains(end))
        {
            string name = Tokenizer.TryGetToken(end, out string? token) ? $"{end} (\"{token}\")" : $"{end}";
            warnings.Add(
                $"The tokenizer ends a text with token {name}, but eos_token_id of {files.StopTokensPlace} "
                    + $"{(StopTokens.IsEmpty ? "names none" : $"is {string.Join(", ", StopTokens)}")}: a model that was trained to end "
                    + "with the former goes on after it. Give both to GenerationOptions.StopTokens, or correct the file."
            );
        }

        if (Tokenizer is not null && files.HasChatTemplate)
        {
            try
            {
                Chat = new ChatTokenizer(Tokenizer, files.ChatTemplate());
                if (Chat.EndOfTurn is int turn && turn < vocabularySize && !StopTokens.Contains(turn))
                    StopTokens = StopTokens.Add(turn);
            }
            catch (Exception e) when (e is ChatTemplateException or InvalidDataException)
            {
                WhyNoTemplate = $"The directory's chat template cannot be used, so conversations are refused: {e.Message}";
                warnings.Add(WhyNoTemplate);
            }
        }

        Warnings = [.. warnings];
    }

    /// <summary>The tokenizer; null where the directory has none.</summary>
    internal HuggingFaceTokenizer? Tokenizer { get; }

    /// <summary>The tokenizer with the chat template; null where one of them is not there or cannot be used.</summary>
    internal ChatTokenizer? Chat { get; }

    /// <summary>Why there is no chat template, and what to do, where there is none.</summary>
    internal string WhyNoTemplate { get; } =
        "The model's directory has no chat template; give one to a ChatTokenizer: ChatTemplate.Parse, FromFile or FromFunction.";

    /// <summary>The tokens that end a text or a turn and have a logit.</summary>
    internal ImmutableArray<int> StopTokens { get; }

    /// <summary>What may be meant and is more often a mistake.</summary>
    internal ImmutableArray<string> Warnings { get; }
}
