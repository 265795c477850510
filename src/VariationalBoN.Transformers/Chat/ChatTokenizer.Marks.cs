using System.Collections.Immutable;
using System.Text.Json.Nodes;
using VariationalBoN.Transformers.ChatTemplates;

namespace VariationalBoN.Transformers.Chat;

/// <summary>Which tokens the template writes around messages, found by what it makes of two.</summary>
public sealed partial class ChatTokenizer
{
    /// <summary>The added tokens that the template writes around a question,
    /// which mark turns even where they are not special; white space is none.</summary>
    private ImmutableArray<int> FindWritten()
    {
        JsonArray messages = [new JsonObject { ["role"] = "user", ["content"] = "vbonquestion" }];
        try
        {
            string text = Template.Render(
                Input(messages) with
                {
                    Date = Options.Date ?? DateTime.UnixEpoch,
                    AddGenerationPrompt = Options.AddGenerationPrompt,
                }
            );
            var marks = Tokenizer
                .AddedTokens.Where(pair => !string.IsNullOrWhiteSpace(pair.Value.Content))
                .Select(pair => pair.Key)
                .ToHashSet();
            return [.. Tokenizer.Encode(text, addSpecialTokens: false).Where(marks.Contains).Distinct()];
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return []; // a template that takes no lone question; what it refuses of a conversation it will say when that is rendered
        }
    }

    private int? FindEndOfTurn()
    {
        const string Answer = "vbonanswer";
        JsonArray messages =
        [
            new JsonObject { ["role"] = "user", ["content"] = "vbonquestion" },
            new JsonObject { ["role"] = "assistant", ["content"] = Answer },
        ];
        try
        {
            string text = Template.Render(Input(messages) with { Date = Options.Date ?? DateTime.UnixEpoch }); // no date is kept
            int at = text.LastIndexOf(Answer, StringComparison.Ordinal);
            foreach (int id in at < 0 ? [] : Tokenizer.Encode(text[(at + Answer.Length)..].TrimStart(), addSpecialTokens: false))
            {
                if (Tokenizer.IsSpecial(id))
                    return id;
            }

            return null;
        }
        catch (Exception error) when (error is ChatTemplateException or InvalidOperationException)
        {
            return null; // a template of other conversations ends its turns in its own way, and a token without a logit is never drawn
        }
    }
}
