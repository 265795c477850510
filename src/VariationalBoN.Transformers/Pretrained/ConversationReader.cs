using System.Collections.Immutable;
using VariationalBoN.Transformers.Chat;
using VariationalBoN.Transformers.ChatTemplates;

namespace VariationalBoN.Transformers.Pretrained;

/// <summary>How a classifier reads a prompt with its answer:
/// texts as they are, conversations by a chat template. Immutable; thread-safe.</summary>
/// <param name="tokenizer">What reads texts.</param>
/// <param name="chat">What reads conversations; null where the template cannot be read.</param>
/// <param name="unreadable">Why it cannot.</param>
internal sealed class ConversationReader(HuggingFaceTokenizer tokenizer, ChatTokenizer? chat, ChatTemplateException? unreadable)
{
    public ModelIdentity Identity =>
        new(
            "conversation and answer, too long ones without their beginning",
            ("by", chat?.Identity ?? "no readable template"),
            ("texts by", tokenizer.Identity)
        );

    /// <summary>A judge of plain texts needs no template: one that cannot be read is an error where a conversation comes.</summary>
    public static ConversationReader Of(HuggingFaceTokenizer tokenizer, Func<ChatTokenizer> chat)
    {
        try
        {
            ChatTokenizer reader = chat();
            return new ConversationReader(reader.Tokenizer, reader, null);
        }
        catch (ChatTemplateException error)
        {
            return new ConversationReader(tokenizer, null, error);
        }
    }

    /// <summary>The ids of a completion behind its prompt, at most so many:
    /// a text loses the end that the settings say, a conversation its beginning.</summary>
    public ImmutableArray<int> Encode(Completion completion, int most)
    {
        Prompt whole = completion.Prompt.Answered(completion.Text);
        if (!whole.IsConversation)
            return tokenizer.Encode(whole.Text, addSpecialTokens: true, most);
        if (chat is null)
            throw new InvalidOperationException(
                $"The classifier's chat template cannot be read, so that it reads no conversations: {unreadable!.Message} Give a "
                    + $"{nameof(ChatTokenizer)} of a template of your own as chat.",
                unreadable
            );
        return tokenizer.Cut(chat.Encode(whole), most);
    }
}
