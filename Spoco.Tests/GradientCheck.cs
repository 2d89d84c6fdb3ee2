using Spoco.Engine;
using Spoco.Kernels;

namespace Spoco.Tests;

/// <summary>
/// Compares the gradients of an operation with central differences of L = sum_i r_i y_i, r random.
/// L is summed in double precision on the host; the outputs are single precision, so the step is large and the tolerance relative to the
/// largest gradient: rounding of y (about 1e-7 |y| per element) divided by the step bounds the accuracy of the difference.
/// </summary>
internal static class GradientCheck
{
    /// <summary>Random values with |x| in [margin, 1 + margin]: away from the kinks of ReLU at 0.</summary>
    public static float[] RandomValues(Random random, long count, float margin = 0)
    {
        var values = new float[count];
        for (var i = 0; i < values.Length; i++)
        {
            var v = (float)random.NextDouble() * 2 - 1;
            values[i] = v + (v >= 0 ? margin : -margin);
        }

        return values;
    }

    /// <summary>Checks dL/d(every element of every input) (at most <paramref name="samples"/> random elements per input).</summary>
    /// <param name="device">Where to compute.</param>
    /// <param name="function">The operation; receives fresh tensors of <paramref name="inputs"/>.</param>
    /// <param name="inputs">Shapes and values.</param>
    /// <param name="seed">Printed on failure.</param>
    /// <param name="step">Half distance of the two values of the difference quotient.</param>
    /// <param name="tolerance">Allowed error relative to the largest gradient of the input.</param>
    /// <param name="samples">Elements checked per input.</param>
    public static void Run(
        ComputeDevice device, Func<Tensor[], Tensor> function, (TensorShape Shape, float[] Values)[] inputs,
        int seed, float step = 1e-2f, double tolerance = 5e-3, int samples = 40)
    {
        var random = new Random(seed);
        float[] weights;
        var gradients = new float[inputs.Length][];
        using (new TensorScope())
        {
            var tensors = Make(device, inputs);
            var y = function(tensors);
            weights = RandomValues(random, y.Shape.Count);
            Gradients.Backward(y, Tensor.From(device, y.Shape, weights));
            for (var i = 0; i < inputs.Length; i++)
                gradients[i] = tensors[i].Gradient?.ToArray() ?? new float[inputs[i].Values.Length];   // no path to the input: zero
        }

        for (var i = 0; i < inputs.Length; i++)
        {
            var scale = gradients[i].Max(Math.Abs) + 1e-6;
            for (var s = 0; s < Math.Min(samples, inputs[i].Values.Length); s++)
            {
                var index = inputs[i].Values.Length <= samples ? s : random.Next(inputs[i].Values.Length);
                var value = inputs[i].Values[index];
                inputs[i].Values[index] = value + step;
                var above = Loss();
                var high = inputs[i].Values[index];
                inputs[i].Values[index] = value - step;
                var below = Loss();
                var low = inputs[i].Values[index];
                inputs[i].Values[index] = value;
                var expected = (above - below) / ((double)high - low);
                Assert.That(Math.Abs(gradients[i][index] - expected) / scale, Is.LessThanOrEqualTo(tolerance),
                    $"input {i}, element {index}: gradient {gradients[i][index]:g6}, difference quotient {expected:g6}, seed {seed}, {device.Name}");
            }
        }

        double Loss()
        {
            using var scope = new TensorScope();
            var y = function(Make(device, inputs)).ToArray();
            var sum = 0.0;
            for (var i = 0; i < y.Length; i++)
                sum += (double)y[i] * weights[i];
            return sum;
        }
    }

    private static Tensor[] Make(ComputeDevice device, (TensorShape Shape, float[] Values)[] inputs)
    {
        var tensors = new Tensor[inputs.Length];
        for (var i = 0; i < inputs.Length; i++)
            tensors[i] = Tensor.From(device, inputs[i].Shape, inputs[i].Values).WithGradient();
        return tensors;
    }
}
