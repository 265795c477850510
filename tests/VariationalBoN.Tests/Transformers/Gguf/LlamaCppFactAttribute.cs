namespace VariationalBoN.Tests.Transformers.Gguf;

/// <summary>A test that needs llama.cpp; skipped where its native package is not served for the machine.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LlamaCppFactAttribute : FactAttribute
{
    internal const string Reason = "There is no llama.cpp for this machine beside the tests.";

    public LlamaCppFactAttribute() => Skip = LlamaCpp.IsThere ? null : Reason;
}
