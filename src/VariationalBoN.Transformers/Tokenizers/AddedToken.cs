namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>A token beside the model's vocabulary and how it is found in a text.</summary>
/// <param name="Content">Its text.</param>
/// <param name="SingleWord">Found only where no word continues before or after it.</param>
/// <param name="LeftStrip">Takes the white space before it.</param>
/// <param name="RightStrip">Takes the white space after it.</param>
/// <param name="Normalized">Sought, normalised, in the normalised text.</param>
/// <param name="Special">Left out of decoded text when asked.</param>
internal sealed record AddedToken(string Content, bool SingleWord, bool LeftStrip, bool RightStrip, bool Normalized, bool Special)
{
    internal static AddedToken SpecialText(string content) => new(content, false, false, false, false, true);

    /// <summary>Reads a token; what is left out has the defaults of Python's class of this name.</summary>
    internal static AddedToken Read(JsonSection section, bool? special = null)
    {
        bool isSpecial = section.FlagOrNull("special") ?? special ?? false;
        section.Require("__type", "AddedToken");
        section.Ignore("id");
        var token = new AddedToken(
            section.Text("content"),
            section.FlagOrNull("single_word") ?? false,
            section.FlagOrNull("lstrip") ?? false,
            section.FlagOrNull("rstrip") ?? false,
            section.FlagOrNull("normalized") ?? !isSpecial,
            isSpecial
        );
        section.RequireNothingLeft();
        return token;
    }
}
