namespace VariationalBoN.Tests.Transformers.Gguf;

/// <summary>As <see cref="LlamaCppFactAttribute"/>, for tests of several cases.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LlamaCppTheoryAttribute : TheoryAttribute
{
    public LlamaCppTheoryAttribute() => Skip = LlamaCpp.IsThere ? null : LlamaCppFactAttribute.Reason;
}
