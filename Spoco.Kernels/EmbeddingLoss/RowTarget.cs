using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>Where a group keeps its sums: rows of all groups lie one behind the other, [rows, groups, width].</summary>
/// <param name="Partials">The sums of all groups.</param>
/// <param name="FirstRow">The first of the rows that are added to.</param>
/// <param name="Groups">Number of groups.</param>
/// <param name="Group">This one.</param>
/// <param name="Width">Values of a row.</param>
/// <param name="IsFirst">1: overwrite, as there is nothing yet; 0: add.</param>
internal readonly record struct RowTarget(ArrayView<float> Partials, int FirstRow, int Groups, int Group, int Width, int IsFirst)
{
    /// <summary>Adds to a value of a row.</summary>
    public void Add(int row, int value, float sum)
    {
        var at = ((long)(FirstRow + row) * Groups + Group) * Width + value;
        Partials[at] = IsFirst != 0 ? sum : Partials[at] + sum;
    }
}
