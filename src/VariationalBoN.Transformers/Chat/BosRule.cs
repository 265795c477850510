namespace VariationalBoN.Transformers.Chat;

/// <summary>Whether a rendered conversation gets the special tokens that a tokenizer puts before a text, such as BOS.</summary>
public enum BosRule
{
    /// <summary>The text gets them once: those of the template where it writes them, otherwise those of the tokenizer.</summary>
    Once,

    /// <summary>Only what the template writes, as <c>apply_chat_template(tokenize=True)</c> does.</summary>
    AsTemplate,
}
